"""Notices to people: one row per key, agency and role, written with what caused it and carried to the gateway."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter, itemgetter
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


def tell_of_event(
    session: Session,
    subject: Row,
    fact: Fact,
    entry_id: str,
    *,
    told: Sequence[str],
    parties: Parties | None,
    now: datetime,
) -> list[dict[str, Any]]:
    """Write the notices the catalogue has for an event, and return the deliveries that carry them.

    `told` are the agencies the event itself is addressed to.
    """
    room = room_of(session)
    wanted = room.catalogue.notices_of(fact.type)
    if not wanted:
        return []
    values = Words(room, subject, fact)
    tellings = [
        _telling(
            notice,
            f"{entry_id}:{notice.id}",
            recipient.roles,
            _recipients(session, subject, recipient, told, parties),
            values,
        )
        for notice in wanted
        for recipient in notice.recipients
    ]
    return noticed(session, subject, tellings, now=now)


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


def _recipients(
    session: Session, subject: Row, recipient: Recipient, told: Sequence[str], parties: Parties | None
) -> tuple[str, ...]:
    if recipient.relation == "addressed":
        return tuple(told)
    return addressed(session, subject, [recipient.relation], parties)


def raise_notices(session: Session, subject: Row, tellings: Iterable[Telling], *, now: datetime) -> int:
    """Write notices and queue them for the gateway, which knows the people. Returns how many."""
    parcels = noticed(session, subject, tellings, now=now)
    queue(session, parcels)
    return len(parcels)


def raise_for_entry(session: Session, subject: Row, fact: Fact, entry_id: str, *, now: datetime) -> None:
    """Write and queue the notices the catalogue has for an entry that no step wrote."""
    queue(session, tell_of_event(session, subject, fact, entry_id, told=(), parties=None, now=now))


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
    parcels = noticed(session, _Chain(entry["subject"], entry["journey_id"]), tellings, now=now)
    queue(session, parcels)
    return len(parcels)


def noticed(session: Session, subject: Chained, tellings: Iterable[Telling], *, now: datetime) -> list[dict[str, Any]]:
    """Write notices, and return the deliveries that carry them to the gateway."""
    origin = Origin(room=room_of(session).name, subject=subject.ref, journey_id=subject.journey_id)
    cover = frame("notice.raised", origin, now=now)
    told = [_Told(subject, telling, cover, now) for telling in tellings]
    rows = [row for one in told for row in one.rows]
    write(session, Notice, rows)
    return [parcel for one in told for parcel in one.parcels()]


CARRIED = ("key", "agency", "role", "type", "level", "subject", "title_zh", "title_en", "body_zh", "body_en")
OPTIONAL = ("calendar", "person", "needs_answer", "in_hours", "template", "values")
_carried, _optional = itemgetter(*CARRIED), attrgetter(*OPTIONAL)


class _Told:
    """One telling: a row for each role and agency, and the delivery of each; all else they have in common."""

    def __init__(self, subject: Chained, telling: Telling, cover: Mapping[str, Any], now: datetime) -> None:
        self._telling, self._cover, self._now = telling, cover, now
        self._common: dict[str, Any] = {
            "key": telling.key,
            "agency": "",
            "role": "",
            "id": None,
            "subject": subject.ref,
            "type": telling.type,
            "level": telling.level,
            "at": now,
            "title_zh": telling.title.zh,
            "title_en": telling.title.en,
            "body_zh": telling.body.zh,
            "body_en": telling.body.en,
        }
        self.rows = [
            {**self._common, "agency": agency, "role": role, "id": new_id(now)}
            for role in telling.roles
            for agency in telling.agencies
        ]

    def parcels(self) -> Iterator[dict[str, Any]]:
        """Yield the deliveries that carry the rows to the gateway."""
        data = dict(zip(CARRIED, _carried(self._common), strict=True))
        data |= {name: said for name, said in zip(OPTIONAL, _optional(self._telling), strict=True) if said}
        line = f"notice:{self._common['subject']}"
        for row in self.rows:
            told = {**data, "agency": row["agency"], "role": row["role"]}
            body = canonical(framed(self._cover, told, message_id=row["id"]))
            yield parcel_values(row["id"], "notice.raised", body, line=line, receiver="gateway", now=self._now)


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
