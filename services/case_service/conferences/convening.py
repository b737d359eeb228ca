"""Call a conference, change it, put it off, call it off."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.case_service.cases.models import Case
from services.case_service.conferences import queries, telling, timing
from services.case_service.conferences.bodies import AgendaItem, Change, Convene, Invited, Reconvene, Why
from services.case_service.conferences.models import Attendance, Conference, Invitation
from shared.clock import new_id, today
from shared.errors import NotYourStep, Text, wrong
from shared.identity import Principal
from shared.records import evidence
from shared.records.beginning import begin
from shared.records.db import visible, write
from shared.records.journal import canonical
from shared.records.perform import perform, require_actor
from shared.records.room import room_of
from shared.records.subjects import figures

PROCEDURE = "case_conference"
REPLY_FIRST = ("答复时间应在开会之前", "the reply is due before the start")
MOVE_BOTH = Text("提前开会的，同时写明新的答复时间（reply_by）", "Whoever moves the start ahead states reply_by too")


def convene(session: Session, body: Convene, *, by: Principal, now: datetime) -> Conference:
    """Call a conference on one's own cases: materials frozen, agencies invited, a clock for each.

    Raises NotYourStep for a case of another agency, BodyInvalid for times out of order or agencies not known.
    """
    room = room_of(session)
    _check_invited(session, body.invited, by)
    _check_times(body.starts_at, body.ends_at, body.reply_by, now)
    cases = [_own_case(session, ref, by) for ref in dict.fromkeys(body.about)]
    if not cases and not body.is_regular:
        raise wrong("about", "missing", "请写明就哪些案件会商", "name the cases it is about")
    _check_quorum(body)
    body = body if body.agenda else body.model_copy(update={"agenda": _standing(session, body, by)})
    opinions_by, access_until = _until(body, now)
    found = _made(session, body, cases, opinions_by, access_until, by=by, now=now)
    found.manifest = _freeze(session, found, cases, body.materials, by=by, now=now)
    invited = [_invitation(found, one, now) for one in body.invited]
    agencies = [one.agency for one in invited]
    said = timing.run(session, found, timing.REPLY, agencies, body.reply_by, by=by, now=now)
    said += timing.run(session, found, timing.OPINION, agencies, opinions_by, by=by, now=now)
    written = body.model_dump(exclude={"materials"}) | {
        "about": found.about,
        "opinions_by": opinions_by,
        "access_until": access_until,
        "manifest": found.manifest,
        "terms": said,
    }
    known = room.catalogue.agencies[by.agency].superior
    parties = {"owner": [by.agency], "partner": agencies, "supervisor": [known] if known else []}
    begin(session, found, "convene", written, parties=parties, by=by, now=now)
    write(session, Invitation, [one.model_dump() for one in invited])
    telling.invite(session, found, "conference_invited", invited, now=now)
    return found


def _standing(session: Session, body: Convene, by: Principal) -> list[AgendaItem]:
    """Return the agenda of the agency's last regular meeting. Raises BodyInvalid where there is none to take over."""
    mine = select(Conference).where(Conference.owner == by.agency, col(Conference.is_regular).is_(True))
    last = session.exec(mine.order_by(col(Conference.id).desc()).limit(1)).first() if body.is_regular else None
    if last is None:
        words = ("请写明议程；定期联席会议以后可沿用", "state the agenda; a later regular meeting may leave it out")
        raise wrong("agenda", "missing", *words)
    return [AgendaItem.model_validate(one) for one in last.agenda]


def _made(
    session: Session,
    body: Convene,
    cases: Sequence[Case],
    opinions_by: datetime,
    access_until: datetime,
    *,
    by: Principal,
    now: datetime,
) -> Conference:
    """Return the conference as it begins; a regular meeting brings the room's figures of the day."""
    return Conference(
        id=new_id(now),
        journey_id=cases[0].journey_id if cases else new_id(now),
        owner=by.agency,
        state="",
        procedure_id=PROCEDURE,
        created_at=now,
        updated_at=now,
        about=[one.ref for one in cases],
        agenda=[one.model_dump() for one in body.agenda],
        quorum=body.quorum.model_dump(),
        opinions_by=opinions_by,
        access_until=access_until,
        figures=figures(session, by=by, on=today(now)) if body.is_regular else {},
        is_regular=body.is_regular,
        **body.model_dump(include={"title", "summary", "place", "online", "starts_at", "ends_at", "reply_by"}),
    )


def change(session: Session, conference_id: UUID, body: Change, *, by: Principal, now: datetime) -> Conference:
    """Change time, place or agenda; everybody invited is sent the invitation again, with a higher SEQUENCE.

    The reply is due before the start: who moves the one ahead of the other says until when to answer instead.
    """
    found = queries.conference(session, conference_id, seen_by=by)
    require_actor(session, found, "change", by=by)
    given = body.model_dump(exclude_none=True)
    starts_at, ends_at = given.get("starts_at", found.starts_at), given.get("ends_at", found.ends_at)
    _check_order(starts_at, ends_at, now)
    reply_by = given.get("reply_by", found.reply_by)
    if reply_by > starts_at or (body.reply_by is not None and reply_by <= now):
        raise wrong("reply_by", "out_of_order", *REPLY_FIRST, next=MOVE_BOTH)
    if not (given.get("place", found.place) or given.get("online", found.online)):
        raise wrong("place", "missing", "请写明地点或者线上会议地址", "state a place or where to join")
    access_until = max(found.access_until, ends_at)
    given |= {"sequence": found.sequence + 1, "access_until": access_until}
    if body.reply_by is not None:
        given["terms"] = _reply_anew(session, found, body.reply_by, by=by, now=now)
    perform(session, found, "change", given, by=by, now=now)
    _invite_again(session, found, "conference_changed", now=now)
    return found


def _reply_anew(
    session: Session, found: Conference, reply_by: datetime, *, by: Principal, now: datetime
) -> list[dict[str, Any]]:
    """Let those who did not answer yet do so until another moment."""
    silent = [one.agency for one in queries.rows(session, Invitation, found) if one.state == "invited"]
    said = [one for agency in silent for one in timing.cancel(session, found, timing.REPLY, agency, at=now)]
    return said + timing.run(session, found, timing.REPLY, silent, reply_by, by=by, now=now)


def adjourn(session: Session, conference_id: UUID, body: Why, *, by: Principal, now: datetime) -> Conference:
    """Put a conference off without a new time; who was there has left, and counts again on coming again.

    Calendars are told that its time is no longer sure.
    """
    found = queries.conference(session, conference_id, seen_by=by)
    perform(session, found, "adjourn", body.model_dump() | {"sequence": found.sequence + 1}, by=by, now=now)
    for one in queries.rows(session, Attendance, found):
        if one.arrived_at is not None and one.left_at is None:
            queries.change(session, one, left_at=now)
    _invite_again(session, found, "conference_adjourned", now=now)
    return found


def reconvene(session: Session, conference_id: UUID, body: Reconvene, *, by: Principal, now: datetime) -> Conference:
    """Set new times for a conference that was put off; who takes part answers again, and has until then to opine."""
    found = queries.conference(session, conference_id, seen_by=by)
    require_actor(session, found, "reconvene", by=by)
    if found.state != "adjourned":
        return perform(session, found, "reconvene", body, by=by, now=now)
    _check_times(body.starts_at, body.ends_at, body.reply_by, now)
    opinions_by, access_until = _until(body, now)
    given = body.model_dump(exclude_none=True) | {"opinions_by": opinions_by, "access_until": access_until}
    invited = [one for one in queries.rows(session, Invitation, found) if one.state in queries.TAKING_PART]
    for one in invited:
        queries.change(session, one, state="invited", answered_at=None, is_late=False)
    agencies = [one.agency for one in invited]
    said = timing.run(session, found, timing.REPLY, agencies, body.reply_by, by=by, now=now)
    said += timing.cancel(session, found, timing.OPINION, at=now)
    heard = {one.agency for one in queries.opinions(session, found)}
    silent = [one for one in agencies if one not in heard]
    given["terms"] = said + timing.run(session, found, timing.OPINION, silent, opinions_by, by=by, now=now)
    perform(session, found, "reconvene", given | {"sequence": found.sequence + 1}, by=by, now=now)
    _invite_again(session, found, "conference_changed", now=now)
    return found


def cancel(session: Session, conference_id: UUID, body: Why, *, by: Principal, now: datetime) -> Conference:
    """Call a conference off: clocks and the access to the materials end, calendars are told CANCEL."""
    found = queries.conference(session, conference_id, seen_by=by)
    written = body.model_dump() | {"sequence": found.sequence + 1}
    perform(session, found, "cancel", written, by=by, now=now)
    _invite_again(session, found, "conference_cancelled", now=now)
    return found


def _invite_again(session: Session, found: Conference, notice_id: str, *, now: datetime) -> None:
    invited = [one for one in queries.rows(session, Invitation, found) if one.state in queries.TAKING_PART]
    telling.invite(session, found, notice_id, invited, now=now)


def _own_case(session: Session, ref: str, by: Principal) -> Case:
    case = visible(session, Case, UUID(ref.partition(":")[2]), by=by)
    if case.owner != by.agency:
        words = Text("只能就本单位经办的案件召集会商", "A conference is called on cases of one's own")
        raise NotYourStep(words, case=ref)
    return case


def _check_invited(session: Session, invited: Sequence[Invited], by: Principal) -> None:
    agencies = [one.agency for one in invited]
    for agency in [by.agency, *agencies]:
        queries.known_agency(session, agency, "invited")
    if by.agency in agencies:
        raise wrong("invited", "own_agency", "召集机关无须邀请自己", "the convener does not invite itself")
    if len(set(agencies)) < len(agencies):
        raise wrong("invited", "twice", "同一机关只邀请一次", "an agency is invited once")


def _check_quorum(body: Convene) -> None:
    if body.quorum.agencies > len(body.invited) + 1:
        words = ("法定到会机关数多于参加机关数", "the quorum is larger than the number of agencies")
        raise wrong("quorum.agencies", "too_many", *words)


def _check_order(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if not now < starts_at < ends_at:
        words = ("会议应在此刻之后开始，并在开始之后结束", "it starts after this moment and ends after it starts")
        raise wrong("starts_at", "out_of_order", *words)


def _until(body: Convene | Reconvene, now: datetime) -> tuple[datetime, datetime]:
    """Return until when opinions are due and materials are open. Raises BodyInvalid for moments out of order."""
    opinions_by, access_until = body.opinions_by or body.starts_at, body.access_until or body.ends_at
    if not now < opinions_by <= body.ends_at or access_until < body.starts_at:
        words = (
            "书面意见应在会议结束前提交；材料查阅至少到开会时",
            "opinions by the end; access at least until the start",
        )
        raise wrong("opinions_by", "out_of_order", *words)
    return opinions_by, access_until


def _check_times(starts_at: datetime, ends_at: datetime, reply_by: datetime, now: datetime) -> None:
    _check_order(starts_at, ends_at, now)
    if not now < reply_by <= starts_at:
        raise wrong("reply_by", "out_of_order", *REPLY_FIRST)


def _freeze(
    session: Session, found: Conference, cases: Sequence[Case], wanted: Sequence[UUID], *, by: Principal, now: datetime
) -> str | None:
    """Adopt the chosen items of the cases and freeze their list. Raises BodyInvalid for an item none of them holds."""
    left = {str(one) for one in wanted}
    for case in cases:
        listed = json.loads(evidence.freeze(session, case, now=now).body)["items"] if left else []
        chosen = [one for one in listed if one["item"] in left]
        left -= {one["item"] for one in chosen}
        if chosen:
            text = canonical({"subject": case.ref, "items": chosen})
            taken = {"body": text, "digest": hashlib.sha256(text.encode()).hexdigest()}
            evidence.adopt(session, found, taken, by=by, now=now)
    if left:
        words = ("所列材料不是这些案件的有效证据", "an item is no held evidence of these cases")
        raise wrong("materials", "unknown_evidence", *words, items=sorted(left))
    if not wanted:
        return None
    return evidence.freeze(session, found, now=now).digest


def _invitation(found: Conference, one: Invited, now: datetime) -> Invitation:
    people: list[dict[str, Any]] = [person.model_dump() for person in one.people]
    return Invitation(
        id=new_id(now),
        conference_id=found.id,
        agency=one.agency,
        people=people,
        state="invited",
        is_required=one.is_required,
    )
