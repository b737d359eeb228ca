"""What people are told of a conference: the catalogue's words, with the invitation as a calendar beside them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session

from services.case_service.conferences import calendar
from services.case_service.conferences.models import Conference, Invitation
from services.case_service.conferences.queries import name_of
from shared.clock import ZONE
from shared.errors import Text
from shared.records import notices
from shared.records.notices import Telling
from shared.records.room import room_of
from shared.records.words import short_ref


def invite(session: Session, found: Conference, notice_id: str, invited: Sequence[Invitation], *, now: datetime) -> int:
    """Tell invited agencies, and the persons they name, by a notice that carries the invitation."""
    ics = calendar.invitation(session, found, now=now)
    return _told(session, found, notice_id, invited, ics, now=now)


def withdraw(session: Session, found: Conference, one: Invitation, *, now: datetime) -> int:
    """Tell an agency that stands aside, and its people, by a notice that takes the conference off their calendars."""
    ics = calendar.withdrawal(session, found, one, now=now)
    return _told(session, found, "conference_withdrawn", [one], ics, now=now)


def reply(session: Session, found: Conference, one: Invitation, *, now: datetime) -> int:
    """Tell the convener what an agency answered, by a notice that carries its REPLY."""
    ics = calendar.reply(session, found, one, now=now)
    owner = Invitation(id=one.id, conference_id=found.id, agency=found.owner, state="")
    return _told(session, found, "conference_answered", [owner], ics, now=now, about=one.agency)


def _told(
    session: Session,
    found: Conference,
    notice_id: str,
    invited: Iterable[Invitation],
    ics: str,
    *,
    now: datetime,
    about: str = "",
) -> int:
    room = room_of(session)
    notice = room.catalogue.notices[notice_id]
    values = _values(session, found, about)
    key = f"{found.ref}:{notice_id}:{found.version}"
    roles = [role for recipient in notice.recipients for role in recipient.roles]
    tellings = [
        Telling(
            key=f"{key}:{who}",
            type=notice.event,
            level="urgent" if notice.urgent else "info",
            agencies=(one.agency,),
            roles=(role,),
            title=Text(notice.title_zh.format_map(values), notice.title_en.format_map(values)),
            body=Text(notice.zh.format_map(values), notice.en.format_map(values)),
            calendar=ics,
            person=who,
            needs_answer=notice.needs_answer,
            template=f"notice:{notice.id}",
            values={name: values[name] for name in notice.placeholders},
        )
        for one in invited
        for role, who in [*((role, "") for role in roles), *_people(one, roles)]
    ]
    return notices.raise_notices(session, found, tellings, now=now)


def _people(one: Invitation, roles: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Yield the accounts an invitation names: each is told once, whatever role it has."""
    return ((roles[0], str(person["person"])) for person in one.people if person.get("person"))


def _values(session: Session, found: Conference, about: str) -> dict[str, str]:
    room = room_of(session)
    owner, other = (room.catalogue.agencies.get(agency) for agency in (found.owner, about))
    return {
        "ref": short_ref(found.ref),
        "title": found.title,
        "owner_zh": name_of(room, found.owner),
        "owner_en": owner.name_en if owner else found.owner,
        "agency_zh": name_of(room, about),
        "agency_en": other.name_en if other else about,
        "starts_at": _said(found.starts_at),
        "reply_by": _said(found.reply_by),
        "place": found.place or found.online,
        "reasons": found.reason or "",
    }


def _said(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
