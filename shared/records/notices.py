"""Notices to people: one row per key, agency and role, written with what caused it and carried to the gateway."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlmodel import Field, Session, SQLModel, select

from shared.clock import new_id
from shared.envelopes import frame, framed
from shared.errors import Text
from shared.events import Origin, envelope
from shared.records.db import Party, Row, write
from shared.records.deliveries import Answer, Parcel, parcel_values, queue
from shared.records.journal import Fact, canonical
from shared.records.room import Room, room_of
from shared.records.words import Words
from shared.rules.notices import Notice as Catalogued
from shared.rules.notices import Recipient


class Notice(SQLModel, table=True):
    """That a role of an agency was told something; the key makes each telling happen once."""

    __tablename__ = "notices"

    key: str = Field(primary_key=True)
    agency: str = Field(primary_key=True)
    role: str = Field(primary_key=True)
    id: UUID = Field(index=True)
    subject: str = Field(index=True)
    type: str
    level: str
    at: datetime
    title_zh: str
    title_en: str
    body_zh: str
    body_en: str


class Telling(NamedTuple):
    """What is to be told, to which agencies and roles; `key` is unique for what caused it, and for `person`.

    `person` (`person:<uuid>`): only this person is told; "": all who have the role. `calendar`: an iCalendar text
    that stands in the mail. What else is optional: see `shared.events.NoticeRaised`.
    """

    key: str
    type: str
    level: str
    agencies: tuple[str, ...]
    roles: tuple[str, ...]
    title: Text
    body: Text
    calendar: str = ""
    person: str = ""
    needs_answer: bool = False
    in_hours: bool = False
    template: str = ""
    values: Mapping[str, str] = MappingProxyType({})


Parties = Mapping[str, Sequence[str]]


class Chained(Protocol):
    """What a notice is about: a subject, or a chain without a row of its own."""

    @property
    def ref(self) -> str:
        """Return its address."""

    @property
    def journey_id(self) -> UUID:
        """Return its journey."""


@dataclass(frozen=True, slots=True)
class _Chain:
    ref: str
    journey_id: UUID


def agencies_as(session: Session, subject: Row, relation: str) -> tuple[str, ...]:
    """Return the agencies that are `relation` to a subject."""
    statement = select(Party.agency).where(
        Party.kind == subject.kind, Party.subject_id == subject.id, Party.relation == relation
    )
    return tuple(sorted(session.exec(statement)))


def addressed(
    session: Session, subject: Row, relations: Sequence[str], parties: Parties | None = None
) -> tuple[str, ...]:
    """Return the agencies in any of the relations, each once; `parties` answers for a subject just begun."""
    named = [
        agency
        for relation in relations
        for agency in (parties.get(relation, ()) if parties else agencies_as(session, subject, relation))
    ]
    return tuple(dict.fromkeys(named))


class Told(NamedTuple):
    """An event of a subject, by the entry that holds it, and the agencies it is addressed to.

    `parties` says who stands in a relation to a subject that has just begun.
    """

    subject: Row
    fact: Fact
    entry_id: str
    agencies: Sequence[str] = ()
    parties: Parties | None = None


def tell_of_events(session: Session, events: Sequence[Told], *, now: datetime) -> list[list[dict[str, Any]]]:
    """Write the notices the catalogue has for events, and return the deliveries that carry them, event by event."""
    return noticed(session, [(event.subject, _tellings(session, event)) for event in events], now=now)


def _tellings(session: Session, event: Told) -> list[Telling]:
    room = room_of(session)
    wanted = room.catalogue.notices_of(event.fact.type)
    if not wanted:
        return []
    values = Words(room, event.subject, event.fact)
    return [
        _telling(
            notice,
            f"{event.entry_id}:{notice.id}",
            recipient.roles,
            _recipients(session, event, recipient),
            values,
        )
        for notice in wanted
        for recipient in notice.recipients
    ]


def _telling(
    notice: Catalogued, key: str, roles: tuple[str, ...], agencies: tuple[str, ...], values: Mapping[str, str]
) -> Telling:
    """Return what a notice of the catalogue tells these roles; its texts are filled once."""
    return Telling(
        key=key,
        type=notice.event,
        level="urgent" if notice.urgent else "info",
        agencies=agencies,
        roles=roles,
        title=Text(notice.title_zh.format_map(values), notice.title_en.format_map(values)),
        body=Text(notice.zh.format_map(values), notice.en.format_map(values)),
        needs_answer=notice.needs_answer,
        template=f"notice:{notice.id}",
        values={name: values[name] for name in notice.placeholders},
    )


def _recipients(session: Session, event: Told, recipient: Recipient) -> tuple[str, ...]:
    if recipient.relation == "addressed":
        return tuple(event.agencies)
    return addressed(session, event.subject, [recipient.relation], event.parties)


def raise_notices(session: Session, subject: Row, tellings: Iterable[Telling], *, now: datetime) -> int:
    """Write notices and queue them for the gateway, which knows the people. Returns how many."""
    [parcels] = noticed(session, [(subject, tellings)], now=now)
    queue(session, parcels)
    return len(parcels)


def raise_for_entry(session: Session, subject: Row, fact: Fact, entry_id: str, *, now: datetime) -> None:
    """Write and queue the notices the catalogue has for an entry that no step wrote."""
    [parcels] = tell_of_events(session, [Told(subject, fact, entry_id)], now=now)
    queue(session, parcels)


def tell_of_entry(
    session: Session, entry: Mapping[str, Any], parties: Parties, values: Mapping[str, str], *, now: datetime
) -> int:
    """Write and queue the catalogue's notices for an entry of a chain that has no subject row. Returns how many.

    `parties` says which agencies stand in a relation to it; `values` fills the texts.
    """
    tellings = [
        _telling(
            notice, f"{entry['id']}:{notice.id}:{role}", (role,), tuple(parties.get(recipient.relation, ())), values
        )
        for notice in room_of(session).catalogue.notices_of(entry["type"])
        for recipient in notice.recipients
        for role in recipient.roles
    ]
    [parcels] = noticed(session, [(_Chain(entry["subject"], entry["journey_id"]), tellings)], now=now)
    queue(session, parcels)
    return len(parcels)


def noticed(
    session: Session, told: Sequence[tuple[Chained, Iterable[Telling]]], *, now: datetime
) -> list[list[dict[str, Any]]]:
    """Write notices, and return for each subject the deliveries that carry them to the gateway."""
    room, rows, parcels = room_of(session).name, [], []
    for subject, tellings in told:
        cover = frame("notice.raised", Origin(room, subject.ref, subject.journey_id), now=now)
        raised = [both for telling in tellings for both in _raised(telling, cover, now)]
        rows += [row for row, _ in raised]
        parcels.append([parcel for _, parcel in raised])
    write(session, Notice, rows)
    return parcels


OPTIONAL = ("calendar", "person", "needs_answer", "in_hours", "template", "values")
_optional = attrgetter(*OPTIONAL)


def _raised(
    telling: Telling, cover: Mapping[str, Any], now: datetime
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield for each role and agency the row and the delivery that carries it; all else they have in common."""
    common = {
        "key": telling.key,
        "subject": cover["subject"],
        "type": telling.type,
        "level": telling.level,
        "title_zh": telling.title.zh,
        "title_en": telling.title.en,
        "body_zh": telling.body.zh,
        "body_en": telling.body.en,
    }
    more = {name: said for name, said in zip(OPTIONAL, _optional(telling), strict=True) if said}
    line = f"notice:{cover['subject']}"
    for role, agency in product(telling.roles, telling.agencies):
        said = {**common, "agency": agency, "role": role}
        message_id = new_id(now)
        body = canonical(framed(cover, said | more, message_id=message_id))
        parcel = parcel_values(message_id, "notice.raised", body, line=line, receiver="gateway", now=now)
        yield {**said, "id": message_id, "at": now}, parcel


def stopped_delivery(
    session: Session, parcel: Parcel, answer: Answer, *, message_id: UUID, now: datetime
) -> dict[str, Any]:
    """Return the event that calls the owner's administrator to a line of deliveries that stopped."""
    room = room_of(session)
    kind, _, subject_id = parcel.line.removeprefix("notice:").partition(":")
    model = room.subjects.get(kind)
    subject = session.get(model, UUID(subject_id)) if model is not None else None
    data = {
        "key": f"stopped:{room.name}:{parcel.id}:{parcel.attempts}",
        "agency": subject.owner if subject is not None else _highest(room),
        "role": "administrator",
        "type": "delivery.stopped",
        "level": "urgent",
        "subject": parcel.line,
        "title_zh": f"送达中止：{parcel.type}",
        "title_en": f"Delivery stopped: {parcel.type}",
        "body_zh": f"发往 {parcel.receiver} 的消息（编号 {parcel.id}）已停止：{answer.status} {answer.words[:200]}。"
        "该事项后续消息均在等待，请排除原因后重新发送。",
        "body_en": f"The message to {parcel.receiver} (no. {parcel.id}) was stopped: {answer.status} "
        f"{answer.words[:200]}. Later messages of the subject wait behind it; mend the cause, then send it again.",
    }
    journey_id = subject.journey_id if subject is not None else message_id
    origin = Origin(room=room.name, subject=parcel.line, journey_id=journey_id)
    return envelope("notice.raised", data, origin, message_id=message_id, now=now)


def _highest(room: Room) -> str:
    """Return the environment bureau that has no superior in the directory."""
    bureaus = (agency for agency in room.catalogue.agencies.values() if agency.kind.startswith("ecological"))
    return next(agency.id for agency in bureaus if not agency.superior)
