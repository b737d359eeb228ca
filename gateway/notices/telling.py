"""A notice taken from a room: into the inbox of everybody it is for, and onto the channels each of them chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from gateway.exchange.models import PersonNotice
from gateway.identity.models import Person
from gateway.identity.queries import with_roles
from gateway.notices import letters, preferences, quiet, templates
from gateway.notices.models import NoticeSending
from shared.clock import new_id
from shared.errors import Stale
from shared.events import NoticeRaised
from shared.records.db import table_of, write
from shared.records.deliveries import queue
from shared.records.room import room_of
from shared.rules.notices import FollowUp

OWN_TYPES = frozenset({"notice.unanswered", "notice.undelivered"})
"""What the desk says about notices: never followed up itself."""


def tell(session: Session, notice: NoticeRaised, *, now: datetime, by_mail: bool = True) -> int:
    """Put a notice into the inboxes it is for, once per key and person, and onto the channels.

    Returns how many people were told. Without `by_mail` the inbox alone has it. Raises Stale when the same notice is
    being taken elsewhere at this moment.
    """
    said = templates.worded(session, notice)
    told = set(session.exec(select(PersonNotice.person_id).where(PersonNotice.key == notice.key)))
    fresh = [person for person in _people(session, notice) if person.id not in told]
    plan = _Plan.of(session, notice, fresh, now=now)
    rows = [plan.row(person, said) for person in fresh]
    try:
        if rows:
            session.execute(insert(table_of(PersonNotice)), rows)
        if by_mail:
            _onto_channels(session, plan, fresh, rows, said)
    except IntegrityError as twin:
        raise Stale(key=notice.key) from twin
    return len(rows)


def _people(session: Session, notice: NoticeRaised) -> list[Person]:
    """Return whom a notice is for: those with the role, or the one person it names, if of that agency and active."""
    if not notice.person:
        return with_roles(session, notice.agency, notice.role)
    kind, _, person_id = notice.person.partition(":")
    try:
        person = session.get(Person, UUID(person_id)) if kind == "person" else None
    except ValueError:
        return []
    return [person] if person is not None and person.active and person.agency == notice.agency else []


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is decided for everybody told by one notice."""

    notice: NoticeRaised
    mandate: preferences.Mandate
    choices: Mapping[UUID, preferences.Preferences]
    ways: Mapping[UUID, Mapping[str, letters.Way]]
    follow_up: FollowUp | None
    session: Session
    now: datetime

    @classmethod
    def of(cls, session: Session, notice: NoticeRaised, people: Sequence[Person], *, now: datetime) -> "_Plan":
        listed = list(people)
        return cls(
            notice,
            preferences.asked(session, notice.agency),
            preferences.preferences_of(session, listed),
            letters.ways_of_people(session, listed),
            _follow_up(session, notice),
            session,
            now,
        )

    def moment(self, choice: preferences.Preferences) -> tuple[datetime, str]:
        """Return when somebody with this choice is written to, and what holds it until then.

        What asks for an answer, or brings a calendar, is a message of its own and no line of a digest.
        """
        hours = preferences.hours_of(choice, self.mandate)
        if self.notice.needs_answer or self.notice.calendar:
            hours = quiet.Hours(hours.quiet_from, hours.quiet_to)
        calendar = room_of(self.session).calendar
        level, in_hours = self.notice.level, self.notice.in_hours
        return quiet.send_at(level, in_hours=in_hours, hours=hours, now=self.now, calendar=calendar)

    def row(self, person: Person, said: Mapping[str, str]) -> dict[str, Any]:
        """Return a person's line in the inbox."""
        kept = self.notice.model_dump(include={"key", "agency", "type", "level", "subject", "needs_answer", "in_hours"})
        words = {name: said[name] for name in ("title_zh", "title_en", "body_zh", "body_en")}
        follow_at = None
        if self.follow_up is not None:
            sent_at, _ = self.moment(self.choices[person.id])
            follow_at = self.follow_up.after(sent_at, room_of(self.session).calendar)
        times = {"at": self.now, "acknowledged_at": None, "follow_at": follow_at, "followed": 0}
        return {"id": new_id(self.now), "person_id": person.id, **times, **kept, **words}


def _follow_up(session: Session, notice: NoticeRaised) -> FollowUp | None:
    """Return how the notice is followed up when nobody acknowledges it; None when it asks for no answer."""
    if notice.type in OWN_TYPES or not (notice.needs_answer or notice.level == quiet.URGENT):
        return None
    return rule_of(session, in_hours=notice.in_hours)


def rule_of(session: Session, *, in_hours: bool) -> FollowUp | None:
    """Return the catalogue's rule for unanswered notices of clocks in hours, or of all others."""
    ladder = room_of(session).catalogue.ladders.get("hours" if in_hours else "default")
    return ladder.follow_up if ladder is not None else None


def _onto_channels(
    session: Session, plan: _Plan, people: Sequence[Person], rows: Sequence[Mapping[str, Any]], said: Mapping[str, str]
) -> None:
    parcels: list[dict[str, Any]] = []
    sendings: list[NoticeSending] = []
    for person, row in zip(people, rows, strict=True):
        ways, choice = plan.ways[person.id], plan.choices[person.id]
        has = {name: way.kind for name, way in ways.items()}
        order = preferences.order_of(choice, plan.notice.level, has)
        text = letters.letter({**row, "calendar": plan.notice.calendar}, person.language)
        for name in preferences.at_once(order, plan.notice.level, has, plan.mandate):
            one = _sending(plan, person.ref, name, text, choice)
            one.notice_id = one.message_id = row["id"]
            sendings.append(one)
            parcels += [letters.parcel(one, ways[name], now=plan.now)] if one.send_at is None else []
    found = _to_agency(session, plan, said) if not plan.notice.person else []
    for one, way in found:
        sendings.append(one)
        parcels += [letters.parcel(one, way, now=plan.now)] if one.send_at is None else []
    write(session, NoticeSending, [one.model_dump() for one in sendings])
    queue(session, parcels)


def _to_agency(session: Session, plan: _Plan, said: Mapping[str, str]) -> list[tuple[NoticeSending, letters.Way]]:
    """Return what the agency's own channels carry, once per key whatever roles are told."""
    notice = plan.notice
    ways = letters.ways_of_agency(session, notice.agency, notice.level)
    if not ways:
        return []
    whom = f"agency:{notice.agency}"
    known = select(NoticeSending.channel).where(
        NoticeSending.key == notice.key, NoticeSending.whom == whom, col(NoticeSending.channel).in_(list(ways))
    )
    had = set(session.exec(known))
    words = {**said, "subject": notice.subject, "level": notice.level, "calendar": notice.calendar}
    text = letters.letter(words, "zh")
    choice = preferences.Preferences()
    return [(_sending(plan, whom, name, text, choice), way) for name, way in ways.items() if name not in had]


def _sending(plan: _Plan, whom: str, channel: str, text: str, choice: preferences.Preferences) -> NoticeSending:
    send_at, held = plan.moment(choice)
    settings = room_of(plan.session).settings
    wait = letters.patience(settings, plan.notice.level, in_hours=plan.notice.in_hours)
    return NoticeSending(
        key=plan.notice.key,
        whom=whom,
        channel=channel,
        message_id=new_id(plan.now),
        level=plan.notice.level,
        subject=plan.notice.subject,
        letter=text,
        held=held,
        send_at=send_at if held else None,
        pass_at=None if held else plan.now + wait,
        at=plan.now,
    )
