"""Under which law a subject stands: what it began under, and whether a newer text exists."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from shared.clock import today
from shared.records.db import Row
from shared.records.deadlines import Deadline
from shared.records.room import Room, room_of
from shared.rules.catalogue import Catalogue, NotInForce
from shared.rules.entries import Cite, InForce
from shared.rules.standards import Standard
from shared.rules.term_entries import Term


@dataclass(frozen=True, slots=True)
class Text:
    """One entry a subject stands under: the version it keeps, and the one in force today where that is another."""

    kind: str
    id: str
    name_zh: str
    name_en: str
    cite: Cite
    held_since: date | None
    holds: InForce
    is_newest: bool
    newer_from: date | None = None
    superseded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Pinned:
    """The law of one subject. `conduct_on` chose the standards, the day of each step the procedure and the terms."""

    catalogue: str
    conduct_on: date | None
    procedure: Text
    procedure_version: int
    newest_procedure_version: int | None
    terms: tuple[Text, ...]
    standards: tuple[Text, ...]
    """The standards its facts met or left open, of the day of the conduct."""
    has_newer: bool


def pinned(session: Session, subject: Row, *, now: datetime) -> Pinned:
    """Return under which law a subject stands."""
    room, on = room_of(session), today(now)
    law = room.catalogue
    held = law.procedure_version(subject.procedure_id, subject.procedure_version)
    newest = _newest_procedure(law, subject.procedure_id, on)
    is_newest = newest == held.version
    procedure = Text(
        "procedures",
        held.id,
        held.name_zh,
        held.name_en,
        held.cite,
        today(subject.created_at),
        held.in_force,
        is_newest,
    )
    terms = tuple(_terms(session, subject, room, on))
    standards = tuple(_standards(subject, law, on))
    return Pinned(
        catalogue=law.digest,
        conduct_on=getattr(subject, "conduct_on", None),
        procedure=procedure,
        procedure_version=held.version,
        newest_procedure_version=newest,
        terms=terms,
        standards=standards,
        has_newer=not all(text.is_newest for text in (procedure, *terms, *standards)),
    )


def _newest_procedure(law: Catalogue, procedure_id: str, on: date) -> int | None:
    try:
        return law.procedure(procedure_id, on=on).version
    except NotInForce:
        return None


def _terms(session: Session, subject: Row, room: Room, on: date) -> list[Text]:
    """Return the text each clock of the subject counts by."""
    rows = session.exec(select(Deadline).where(Deadline.subject == subject.ref).order_by(col(Deadline.started_at)))
    seen: dict[tuple[str, date], Text] = {}
    for clock in rows:
        term = room.catalogue.term(clock.term_id, on=clock.term_on)
        newer = _term_on(room.catalogue, term.id, on)
        seen[(term.id, clock.term_on)] = Text(
            "terms",
            term.id,
            term.name_zh,
            term.name_en,
            term.cite,
            clock.term_on,
            term.in_force,
            newer is term,
            newer.in_force.from_on if newer is not None and newer is not term else None,
            term.superseded_by,
        )
    return list(seen.values())


def _standards(subject: Row, law: Catalogue, on: date) -> list[Text]:
    conduct_on: date = getattr(subject, "conduct_on", None) or on
    named = {verdict["standard_id"] for verdict in getattr(subject, "verdicts", None) or ()}
    texts = []
    for standard_id in sorted(named & set(law.standards)):
        held = _standard_on(law, standard_id, conduct_on)
        if held is None:
            continue
        newer = _standard_on(law, standard_id, on)
        follows = law.standards.get(held.superseded_by or "")
        later = newer if newer is not None else (follows[-1] if follows else None)
        since = later.in_force.from_on if later is not None and later is not held else None
        texts.append(
            Text(
                "standards",
                held.id,
                held.name_zh,
                held.name_en,
                held.cite,
                conduct_on,
                held.in_force,
                newer is held,
                since,
                held.superseded_by if newer is not held else None,
            )
        )
    return texts


def _term_on(law: Catalogue, id: str, on: date) -> Term | None:
    try:
        return law.term(id, on=on)
    except NotInForce:
        return None


def _standard_on(law: Catalogue, id: str, on: date) -> Standard | None:
    try:
        return law.standard(id, on=on)
    except NotInForce:
        return None
