"""What an invited agency answers: it comes, it does not, somebody else comes, it stands aside."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.case_service.conferences import queries, telling, timing
from services.case_service.conferences.bodies import Accept, Because, Delegate, Recuse
from services.case_service.conferences.models import Attendance, Conference, Invitation
from shared.clock import new_id
from shared.errors import NotYourStep, Text, wrong
from shared.identity import Principal
from shared.records.db import write
from shared.records.perform import admit, dismiss, perform, require_actor
from shared.records.room import room_of


def accept(session: Session, conference_id: UUID, body: Accept, *, by: Principal, now: datetime) -> Conference:
    """Come; the persons named are invited too."""
    found, mine = _mine(session, conference_id, "accept", by)
    said = timing.meet(session, found, timing.REPLY, by.agency, at=now)
    people = [one.model_dump() for one in body.people] or mine.people
    written = {"agency": by.agency, "answer": "accepted", "people": people, "is_late": now > found.reply_by}
    perform(session, found, "accept", written | {"terms": said}, by=by, now=now)
    _answered(session, found, mine, now=now, state="accepted", people=people)
    return found


def decline(session: Session, conference_id: UUID, body: Because, *, by: Principal, now: datetime) -> Conference:
    """Do not come, with the reason: materials and minutes are closed to the agency from now on."""
    found, mine = _mine(session, conference_id, "decline", by)
    said = timing.meet(session, found, timing.REPLY, by.agency, at=now)
    said += timing.cancel_all(session, found, by.agency, at=now)
    written = {"agency": by.agency, "answer": "declined", "because": body.because, "terms": said}
    perform(session, found, "decline", written, by=by, now=now)
    dismiss(session, found, relation="partner", agency=by.agency, now_as="copied")
    _answered(session, found, mine, now=now, state="declined", reason=body.because)
    return found


def delegate(session: Session, conference_id: UUID, body: Delegate, *, by: Principal, now: datetime) -> Conference:
    """Let another agency of the same kind come instead, or named persons of one's own."""
    found, mine = _mine(session, conference_id, "delegate", by)
    if body.delegated_to is None:
        return accept(session, conference_id, Accept(people=body.people), by=by, now=now)
    _check_delegate(session, found, body.delegated_to, by)
    said = timing.meet(session, found, timing.REPLY, by.agency, at=now)
    said += timing.cancel_all(session, found, by.agency, at=now)
    other = Invitation(
        id=new_id(now),
        conference_id=found.id,
        agency=body.delegated_to,
        people=[one.model_dump() for one in body.people],
        state="invited",
        is_required=mine.is_required,
    )
    for term, until in ((timing.REPLY, found.reply_by), (timing.OPINION, found.opinions_by)):
        said += timing.run(session, found, term, [other.agency], max(until, now), by=by, now=now)
    admit(session, found, {"partner": [other.agency]})
    written = {"agency": by.agency, "answer": "delegated", "delegated_to": other.agency, "people": other.people}
    perform(session, found, "delegate", written | {"terms": said, "because": body.because}, by=by, now=now)
    dismiss(session, found, relation="partner", agency=by.agency, now_as="copied")
    write(session, Invitation, [other.model_dump()])
    values = {"state": "delegated", "delegated_to": other.agency, "reason": body.because, "is_required": False}
    _answered(session, found, mine, now=now, **values)
    telling.invite(session, found, "conference_invited", [other], now=now)
    return found


def recuse(session: Session, conference_id: UUID, body: Recuse, *, by: Principal, now: datetime) -> Conference:
    """Stand aside (回避): the agency neither opines nor signs nor counts, or one of its persons does not."""
    found = queries.conference(session, conference_id, seen_by=by)
    require_actor(session, found, "recuse", by=by)
    agency = body.agency or by.agency
    if agency != by.agency and by.agency != found.owner:
        raise NotYourStep(Text("只能登记本机关的回避", "Record the recusal of your own agency only"))
    if agency == found.owner and not body.name:
        words = (
            "召集机关整体回避的，请取消会商后由其他机关召集",
            "a convener that stands aside cancels the conference",
        )
        raise wrong("agency", "is_the_convener", *words)
    written = {"agency": agency, "name": body.name, "because": body.because}
    if agency not in queries.active(session, found):
        raise wrong("agency", "not_taking_part", f"{agency} 不参加会商", f"{agency} takes no part")
    if body.name:
        perform(session, found, "recuse", written, by=by, now=now)
        _recuse_person(session, found, agency, body, now)
        return found
    mine = queries.invitation(session, found, agency)
    said = timing.cancel_all(session, found, agency, at=now)
    perform(session, found, "recuse", written | {"terms": said, "sequence": found.sequence + 1}, by=by, now=now)
    dismiss(session, found, relation="partner", agency=agency, now_as="copied")
    queries.change(session, mine, state="recused", reason=body.because, answered_at=mine.answered_at or now)
    telling.withdraw(session, found, mine, now=now)
    return found


def _mine(session: Session, conference_id: UUID, step: str, by: Principal) -> tuple[Conference, Invitation]:
    found = queries.conference(session, conference_id, seen_by=by)
    require_actor(session, found, step, by=by)
    return found, queries.invitation(session, found, by.agency)


def _answered(session: Session, found: Conference, mine: Invitation, *, now: datetime, **values: object) -> None:
    late = now > found.reply_by
    queries.change(session, mine, answered_at=now, is_late=late, **values)
    telling.reply(session, found, mine, now=now)


def _check_delegate(session: Session, found: Conference, agency: str, by: Principal) -> None:
    queries.known_agency(session, agency, "delegated_to")
    if room_of(session).catalogue.agencies[agency].kind != by.kind:
        words = ("受托机关应与本机关同类", "the agency that comes instead is of the same kind")
        raise wrong("delegated_to", "wrong_kind_of_agency", *words)
    if agency in {found.owner, by.agency, *(one.agency for one in queries.rows(session, Invitation, found))}:
        raise wrong("delegated_to", "invited_already", "该机关已在会商中", "that agency takes part already")


def _recuse_person(session: Session, found: Conference, agency: str, body: Recuse, now: datetime) -> None:
    known = [one for one in queries.rows(session, Attendance, found) if (one.agency, one.name) == (agency, body.name)]
    if known:
        queries.change(session, known[0], recused=body.because)
        return
    row = Attendance(id=new_id(now), conference_id=found.id, agency=agency, name=body.name, recused=body.because)
    write(session, Attendance, [row.model_dump()])
