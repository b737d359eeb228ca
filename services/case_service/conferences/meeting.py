"""The meeting itself: it is opened, people come and go, agencies give their written opinions."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.case_service.conferences import queries, timing
from services.case_service.conferences.bodies import Attend, Leave, OpenMeeting, Opine
from services.case_service.conferences.models import Attendance, Conference, Invitation, Opinion
from shared.clock import new_id
from shared.errors import NotYourStep, StepRefused, Text, wrong
from shared.identity import Principal
from shared.records.db import write
from shared.records.perform import perform, require_actor


def open_meeting(
    session: Session, conference_id: UUID, body: OpenMeeting, *, by: Principal, now: datetime
) -> Conference:
    """Open the meeting."""
    found = queries.conference(session, conference_id, seen_by=by)
    return perform(session, found, "open", body, by=by, now=now)


def attend(session: Session, conference_id: UUID, body: Attend, *, by: Principal, now: datetime) -> Conference:
    """Record that a person is there; an invitation not answered yet is accepted by it."""
    found = queries.conference(session, conference_id, seen_by=by)
    require_actor(session, found, "attend", by=by)
    agency, arrived_at = _agency(session, found, body.agency, by), body.arrived_at or now
    if arrived_at > now:
        raise wrong("arrived_at", "in_the_future", "到会时间晚于当前时间", "arrived_at lies in the future")
    if arrived_at < found.created_at:
        words = ("到会时间早于召集会商的时间", "arrived_at lies before the conference was called")
        raise wrong("arrived_at", "out_of_order", *words)
    known = _person(session, found, agency, body.name)
    if known is not None and known.recused:
        words = Text(f"{body.name} 已回避，不得到会", f"{body.name} stands aside and does not attend")
        raise StepRefused(words, because=known.recused)
    said = timing.meet(session, found, timing.REPLY, agency, at=now)
    written = {"agency": agency, "name": body.name, "post": body.post, "arrived_at": arrived_at, "terms": said}
    perform(session, found, "attend", written, by=by, now=now)
    if known is None:
        row = Attendance(
            id=new_id(now),
            conference_id=found.id,
            agency=agency,
            name=body.name,
            post=body.post,
            arrived_at=arrived_at,
        )
        write(session, Attendance, [row.model_dump()])
    else:
        queries.change(session, known, arrived_at=arrived_at, left_at=None, post=body.post or known.post)
    _accepted_by_coming(session, found, agency, now)
    return found


def leave(session: Session, conference_id: UUID, body: Leave, *, by: Principal, now: datetime) -> Conference:
    """Record that a person left."""
    found = queries.conference(session, conference_id, seen_by=by)
    require_actor(session, found, "leave", by=by)
    agency, left_at = _agency(session, found, body.agency, by), body.left_at or now
    known = _person(session, found, agency, body.name)
    if known is None or known.arrived_at is None:
        raise wrong("name", "not_there", f"{body.name} 没有到会记录", f"{body.name} was not recorded as there")
    if not known.arrived_at <= left_at <= now:
        raise wrong("left_at", "out_of_order", "离会时间应在到会之后、此刻之前", "after the arrival, not ahead of now")
    written = {"agency": agency, "name": body.name, "left_at": left_at}
    perform(session, found, "leave", written, by=by, now=now)
    queries.change(session, known, left_at=left_at)
    return found


def opine(session: Session, conference_id: UUID, body: Opine, *, by: Principal, now: datetime) -> Conference:
    """Give the written opinion of one's agency: a new version beside those before, marked late after the time set."""
    found = queries.conference(session, conference_id, seen_by=by)
    require_actor(session, found, "opine", by=by)
    before = [one for one in queries.opinions(session, found) if one.agency == by.agency]
    said = timing.meet(session, found, timing.OPINION, by.agency, at=now)
    number, is_late = len(before) + 1, now > found.opinions_by
    marks = {"agency": by.agency, "number": number, "is_late": is_late, "terms": said}
    perform(session, found, "opine", body.model_dump() | marks, by=by, now=now)
    row = Opinion(
        id=new_id(now),
        conference_id=found.id,
        agency=by.agency,
        number=number,
        is_late=is_late,
        at=now,
        actor=by.actor,
        name=by.name,
        **body.model_dump(),
    )
    write(session, Opinion, [row.model_dump()])
    return found


def _agency(session: Session, found: Conference, wanted: str | None, by: Principal) -> str:
    """Return for which agency something is recorded: the convener may for any that takes part."""
    agency = wanted or by.agency
    if agency != by.agency and by.agency != found.owner:
        raise NotYourStep(Text("只能登记本机关人员", "Record persons of your own agency only"))
    if agency not in queries.active(session, found):
        raise wrong("agency", "not_taking_part", f"{agency} 不参加会商", f"{agency} takes no part")
    return agency


def _person(session: Session, found: Conference, agency: str, name: str) -> Attendance | None:
    rows = queries.rows(session, Attendance, found)
    return next((one for one in rows if (one.agency, one.name) == (agency, name)), None)


def _accepted_by_coming(session: Session, found: Conference, agency: str, now: datetime) -> None:
    if agency == found.owner:
        return
    mine = next(one for one in queries.rows(session, Invitation, found) if one.agency == agency)
    if mine.state == "invited":
        queries.change(session, mine, state="accepted", answered_at=now, is_late=now > found.reply_by)
