"""A back-test: a set and the set in force over the same stored series, held against what became of the clues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
from pydantic import AwareDatetime, BaseModel
from sqlmodel import Session, col, select

from services.clue_service.access import require
from services.clue_service.clues.models import Clue
from services.clue_service.detection import books
from services.clue_service.detection.about import is_of_outlets
from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.engine import run
from services.clue_service.detection.history import CONFIRMED
from services.clue_service.detection.hits import Hit
from services.clue_service.detection.hours import Hours
from services.clue_service.detection.running import Window, in_parts, tables_of
from services.clue_service.outlets import queries
from services.clue_service.outlets.models import Outlet
from services.clue_service.rules_office.commands import chosen, ref_of
from services.clue_service.rules_office.feedback import wilson
from services.clue_service.rules_office.models import BackTest
from services.clue_service.rules_office.registry import digest_of, digest_of_hit, rulebook
from shared.clock import new_id
from shared.identity import Principal
from shared.records.journal import Fact, chain
from shared.records.room import Room

MOST_SHOWN = 200


class Episode(BaseModel):
    """A hit, by what tells it from others."""

    entity_id: str
    pollutant: str | None
    from_at: AwareDatetime
    to_at: AwareDatetime
    severity: float


class Tally(BaseModel):
    """What a set found: hits, the clues they meet by their result, precision of the verified with its interval.

    `missed_confirmed` counts confirmed clues of the rule in these times that the set does not meet.
    """

    version: int
    values: dict[str, float]
    digest: str
    hits: int
    confirmed: int
    unfounded: int
    open: int
    other: int
    without_clue: int
    missed_confirmed: int
    precision: float | None
    interval: tuple[float, float] | None


class BackTestView(BaseModel):
    """A set against the set in force; lists are cut at 200, the counts are whole."""

    rule_id: str
    outlets: int
    proposed: Tally
    in_force: Tally
    only_proposed_count: int
    only_in_force_count: int
    only_proposed: list[Episode]
    only_in_force: list[Episode]
    not_evaluable: dict[str, int]


@dataclass(slots=True)
class Found:
    """The hits of two sets over some tables, and what could not be judged."""

    proposed: list[Hit] = field(default_factory=list)
    in_force: list[Hit] = field(default_factory=list)
    lacks: dict[str, int] = field(default_factory=dict)

    def only_proposed(self) -> list[Hit]:
        """Return hits of the new set that no hit of the set in force meets."""
        return _without(self.proposed, self.in_force)

    def only_in_force(self) -> list[Hit]:
        """Return hits of the set in force that no hit of the new set meets."""
        return _without(self.in_force, self.proposed)


def back_test(room: Room, rule_id: str, body: BackTest, *, by: Principal) -> BackTestView:
    """Try a set on stored series; makes no clue, and journals the figures on the rule's chain.

    Raises NotYourStep, NotVisible, and BodyInvalid naming each wrong parameter.
    """
    require(by, "tune")
    with room.reading() as session:
        book = rulebook(session)
        rule = chosen(book, rule_id, body.version, body.parameters)
        present = book.find(rule_id).rule
        outlets = queries.to_judge(session, body.outlets, by=by) if is_of_outlets(rule_id) else []
    window = Window(body.from_at, body.to_at)
    found = _over_stored(room, [rule, present], outlets, window, by.agency)
    with room.transaction() as session:
        clues = _clues(session, rule_id, by.agency, window)
        shown = _shown(found, (rule, present), clues, len(outlets))
        said = {
            "from": body.from_at.isoformat(),
            "to": body.to_at.isoformat(),
            **shown.model_dump(mode="json", exclude={"only_proposed", "only_in_force"}),
        }
        now = room.clock()
        fact = Fact("rule.back_tested", said, step="back_test")
        chain(session, ref_of(rule_id), fact, journey_id=new_id(now), by=by, now=now)
    return shown


def compare(
    tables: Iterable[dict[str, pl.DataFrame]], rule: Rule, present: Rule, window: Window, hours: Hours | None = None
) -> Found:
    """Run two sets over tables, given in parts; `hours` stands for a table obs_hour that is too large to be held."""
    found = Found()
    is_same = digest_of(rule) == digest_of(present)
    for part in tables:
        ran = run(part, [rule] if is_same else [rule, present], hours=hours)
        hits = [one for one in ran.hits if window.touches(one)]
        found.proposed += [one for one in hits if digest_of_hit(one) == digest_of(rule)]
        found.in_force += [one for one in hits if digest_of_hit(one) == digest_of(present)]
        for name, count in ran.not_evaluable[rule.id].items():
            found.lacks[name] = found.lacks.get(name, 0) + count
    return found


def meets(one: Hit, entity_id: str | None, pollutant: str | None, begin: datetime, end: datetime) -> bool:
    """Whether a hit and an episode are of the same thing and their times touch."""
    is_same = one.entity_id == entity_id and (one.pollutant or None) == (pollutant or None)
    return is_same and one.from_at <= end and one.to_at >= begin


def _over_stored(room: Room, sets: list[Rule], outlets: Sequence[Outlet], window: Window, agency: str) -> Found:
    rule, present = sets
    if is_of_outlets(rule.id):
        return compare((tables_of(room, part, window) for part in in_parts(outlets)), rule, present, window)
    return compare([books.tables(room, agency)], rule, present, window)


def _clues(session: Session, rule_id: str, owner: str, window: Window) -> list[Clue]:
    statement = select(Clue).where(
        Clue.rule_id == rule_id,
        Clue.owner == owner,
        col(Clue.observed_to) >= window.begin,
        col(Clue.observed_from) < window.end,
    )
    return list(session.exec(statement))


def _shown(found: Found, sets: tuple[Rule, Rule], clues: Sequence[Clue], outlets: int) -> BackTestView:
    fresh, gone = found.only_proposed(), found.only_in_force()
    return BackTestView(
        rule_id=sets[0].id,
        outlets=outlets,
        proposed=_tally(sets[0], found.proposed, clues),
        in_force=_tally(sets[1], found.in_force, clues),
        only_proposed_count=len(fresh),
        only_in_force_count=len(gone),
        only_proposed=[_episode(one) for one in fresh[:MOST_SHOWN]],
        only_in_force=[_episode(one) for one in gone[:MOST_SHOWN]],
        not_evaluable=found.lacks,
    )


def _tally(rule: Rule, hits: Sequence[Hit], clues: Sequence[Clue]) -> Tally:
    met = [clue for clue in clues if any(_meets_clue(one, clue) for one in hits)]
    results = [_result(clue) for clue in met]
    confirmed, unfounded = results.count("confirmed"), results.count("unfounded")
    verified = confirmed + unfounded
    return Tally(
        version=rule.version,
        values=rule.values(),
        digest=digest_of(rule),
        hits=len(hits),
        confirmed=confirmed,
        unfounded=unfounded,
        open=results.count("open"),
        other=results.count("other"),
        without_clue=sum(not any(_meets_clue(one, clue) for clue in clues) for one in hits),
        missed_confirmed=sum(_result(clue) == "confirmed" for clue in clues) - confirmed,
        precision=confirmed / verified if verified else None,
        interval=wilson(confirmed, verified),
    )


def _result(clue: Clue) -> str:
    """What a clue says of the hit that meets it; `other`: not ours, or declined without a verification."""
    if clue.result in CONFIRMED:
        return "confirmed"
    if clue.result == "unfounded":
        return "unfounded"
    return "open" if clue.result is None and clue.state in ("received", "assigned") else "other"


def _meets_clue(one: Hit, clue: Clue) -> bool:
    begin, end = clue.observed_from, clue.observed_to
    return begin is not None and end is not None and meets(one, clue.entity_id, clue.pollutant, begin, end)


def _without(hits: Sequence[Hit], others: Sequence[Hit]) -> list[Hit]:
    by_entity: dict[str, list[Hit]] = {}
    for other in others:
        by_entity.setdefault(other.entity_id, []).append(other)
    return [
        one
        for one in hits
        if not any(
            meets(one, other.entity_id, other.pollutant, other.from_at, other.to_at)
            for other in by_entity.get(one.entity_id, ())
        )
    ]


def _episode(one: Hit) -> Episode:
    return Episode(
        entity_id=one.entity_id,
        pollutant=one.pollutant,
        from_at=one.from_at,
        to_at=one.to_at,
        severity=one.severity,
    )
