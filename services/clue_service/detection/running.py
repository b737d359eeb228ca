"""A run of the rules: series read in parts, judged outside any transaction, reported outlet by outlet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from threading import Event

import polars as pl
import structlog
from sqlmodel import col, select

from services.clue_service.access import superiors
from services.clue_service.detection import books, commands
from services.clue_service.detection.about import is_of_outlets, of_outlet
from services.clue_service.detection.catalogue import Rule, Status
from services.clue_service.detection.commands import Frozen, Outcome
from services.clue_service.detection.evaluable import evaluable, note
from services.clue_service.detection.history import of_tables, weights
from services.clue_service.detection.hits import Hit
from services.clue_service.detection.models import DetectionRun, agency_of
from services.clue_service.detection.rounds import ROUND, levels
from services.clue_service.intake.kept_tables import kept_tables
from services.clue_service.intake.tables import declared, schema
from services.clue_service.intake.taking import series_store
from services.clue_service.outlets import queries
from services.clue_service.outlets.models import Outlet
from services.clue_service.rules_office import shadowing
from services.clue_service.rules_office.failing import run_beside, set_apart
from services.clue_service.rules_office.observing import observe_unreliable
from services.clue_service.rules_office.registry import digest_of_hit, key_of, running_sets
from shared.identity import Principal
from shared.records.room import Room

LOOK_BACK = timedelta(days=120)
"""How much earlier than the hours of interest is read: usual loads of 30 days, the highest of 60, levels of 14."""
LOOK_AHEAD = timedelta(days=31)
"""How much earlier than a changed hour episodes may end that it still decides: rules look ahead up to 30 days."""
OUTLETS_AT_ONCE = 200
LIMITS = {"outlet_id": pl.String(), "pollutant": pl.String(), "limit": pl.Float64(), "full_scale": pl.Float64()}

OUTLETS = schema("outlets") | {"enterprise_id": pl.String()}
WHOLE = ("limits", "section_sources")
"""Tables with an outlet_id that are read whole: general limits name none, sections stand there too."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Window:
    """The hours of interest; open where None."""

    begin: datetime | None = None
    end: datetime | None = None

    def touches(self, found: Hit) -> bool:
        """Whether an episode reaches into the window."""
        return (self.begin is None or found.to_at >= self.begin) and (self.end is None or found.from_at < self.end)


class Sorting:
    """Which hits become clues: those of the sets in force that reach into the window."""

    def __init__(self, chosen: Sequence[Rule], window: Window) -> None:
        self.window = window
        self._active = {key_of(rule) for rule in chosen if rule.status is Status.ACTIVE}

    def makes_clues(self, found: Hit) -> bool:
        """Whether a hit is of a set in force."""
        return (found.rule_id, found.rule_version, digest_of_hit(found)) in self._active


def rules(room: Room, names: Sequence[str] | None = None) -> list[Rule]:
    """Return every set that runs, in force or in shadow, only those of the named rules when names are given."""
    return [rule for rule in running_sets(room) if names is None or rule.id in names]


def detect(
    room: Room, outlets: Sequence[Outlet], chosen: Sequence[Rule], window: Window, *, by: Principal, now: datetime
) -> Outcome:
    """Run rules over stored series and report every hit in the window. Each outlet is one transaction."""
    outcome = Outcome(outlets=len(outlets))
    of_outlets = [rule for rule in chosen if is_of_outlets(rule.id)]
    for part in in_parts(outlets):
        for outlet, given in _judged(room, part, of_outlets, window, outcome, now):
            with room.transaction() as session:
                commands.report(session, outlet.outlet_id, given, outcome, by=by, now=now)
    return outcome


def detect_in_books(
    room: Room, agency: str, chosen: Sequence[Rule], window: Window, outcome: Outcome, *, by: Principal, now: datetime
) -> None:
    """Run the rules that are not about outlets over what one bureau imported. Each entity is one transaction."""
    of_books = [rule for rule in chosen if not is_of_outlets(rule.id)]
    tables = books.tables(room, agency)
    found, failures = run_beside(tables, of_books, history=weights(room, of_tables(tables), now=now))
    set_apart(room, failures)
    outcome.add_lacks(found.not_evaluable)
    hits = _counted(room, agency, found.hits, Sorting(of_books, window), outcome, now)
    names, by_rule = books.names_of(room, agency), _active(of_books)
    for entity, group in groupby(hits, key=lambda one: (one.rule_id, one.entity_id)):
        given = [books.frozen(room, one, by_rule[entity[0]], agency, names, now=now) for one in group]
        with room.transaction() as session:
            place = books.place(agency, *entity)
            commands.report(session, place, given, outcome, by=by, now=now)


def detect_changed(room: Room) -> Outcome:
    """Run the active rules over outlets that changed since they were judged last, and whose turn it is (rounds).

    Where a run breaks its outlets are judged one by one: those that break it wait for their next round, the others for
    nothing.
    """
    now = room.clock()
    runs = _due(room, now)
    try:
        return _detect_due(room, runs, now)
    except Exception:  # any rule over any data; told below, outlet by outlet
        log.exception("detection.failed", room=room.name, outlets=len(runs))
    outcome = Outcome()
    for one in runs:
        try:
            outcome.add(_detect_due(room, [one], now))
        except Exception:
            log.exception("detection.outlet_failed", room=room.name, outlet=one.outlet_id)
            with room.transaction() as session:
                commands.put_off(session, one, until=now + ROUND)
    return outcome


def _due(room: Room, now: datetime) -> list[DetectionRun]:
    """The outlets, and the places of imported tables, whose turn it is; not too many at once."""
    with room.reading() as session:
        due = col(DetectionRun.due_at)
        is_due = due.is_(None) | (due <= now) | (due > now + ROUND)  # the last: the clock was set back
        statement = select(DetectionRun).where(DetectionRun.changes > DetectionRun.seen, is_due)
        ordered = statement.order_by(due.is_not(None), due, col(DetectionRun.outlet_id))
        return list(session.exec(ordered.limit(OUTLETS_AT_ONCE)))


def _detect_due(room: Room, runs: Sequence[DetectionRun], now: datetime) -> Outcome:
    with room.reading() as session:
        known = queries.by_id(session, [one.outlet_id for one in runs], by=room.itself)
    outlets = [one for one in runs if one.outlet_id in known]
    begins = [one.changed_from for one in outlets if one.changed_from is not None]
    begin = min(begins, default=None)
    window = Window(begin - LOOK_AHEAD if begin is not None else None)
    chosen = rules(room) if runs else []
    outcome = detect(room, list(known.values()), chosen, window, by=room.itself, now=now)
    for agency in filter(None, (agency_of(one.outlet_id) for one in runs)):
        detect_in_books(room, agency, chosen, Window(), outcome, by=room.itself, now=now)
    if runs:
        with room.transaction() as session:
            commands.mark_seen(session, runs, outcome.levels, now=now)
    return outcome


def keep_detecting(room: Room, stop: Event) -> None:
    """Every `detect_seconds`: unreliable rules go to shadow, the rules run over what changed; until told to stop."""
    while not stop.wait(room.settings.detect_seconds):
        try:
            observe_unreliable(room)
            found = detect_changed(room)
        except Exception:  # an outermost loop: a broken run is recorded and the next one tried
            log.exception("detection.failed", room=room.name)
            continue
        if found.hits:
            log.info("detection.ran", outlets=found.outlets, hits=found.hits, created=found.created)


def in_parts(outlets: Sequence[Outlet]) -> Iterator[list[Outlet]]:
    """Outlets of one bureau at a time, and not too many at once: what is in memory does not grow with the outlets."""
    ordered = sorted(outlets, key=lambda one: (one.owner, one.outlet_id))
    for _, group in groupby(ordered, key=lambda one: one.owner):
        mine = list(group)
        for start in range(0, len(mine), OUTLETS_AT_ONCE):
            yield mine[start : start + OUTLETS_AT_ONCE]


def _judged(
    room: Room, part: list[Outlet], chosen: Sequence[Rule], window: Window, outcome: Outcome, now: datetime
) -> list[tuple[Outlet, list[Frozen]]]:
    """Judge some outlets; gives the frozen hits of active rules by outlet and adds the rest to the outcome."""
    history = weights(room, {one.outlet_id: one.enterprise_id for one in part}, now=now)
    tables = tables_of(room, part, window)
    found, failures = run_beside(tables, chosen, history=history)
    set_apart(room, failures)
    outcome.add_lacks(found.not_evaluable)
    outcome.levels |= levels(tables["obs_hour"])
    could = evaluable(tables, chosen, window.begin)
    with room.transaction() as session:
        note(session, could)
    by_rule = _active(chosen)
    by_outlet: dict[str, list[Hit]] = {}
    for one in _counted(room, part[0].owner, found.hits, Sorting(chosen, window), outcome, now):
        by_outlet.setdefault(one.entity_id, []).append(one)
    return [
        (outlet, [commands.frozen(one, by_rule[one.rule_id], of_outlet(outlet), room.blobs, now=now) for one in hits])
        for outlet in part
        if (hits := by_outlet.get(outlet.outlet_id))
    ]


def _active(chosen: Sequence[Rule]) -> dict[str, Rule]:
    """The set of each rule that makes clues."""
    return {rule.id: rule for rule in chosen if rule.status is Status.ACTIVE}


def _counted(
    room: Room, owner: str, hits: Sequence[Hit], sorting: Sorting, outcome: Outcome, now: datetime
) -> list[Hit]:
    """Count the hits of the window, keep those of sets in shadow, and return those that become clues."""
    inside = [one for one in hits if sorting.window.touches(one)]
    counting = [one for one in inside if sorting.makes_clues(one)]
    apart = [one for one in inside if not sorting.makes_clues(one)]
    outcome.hits += len(counting)
    outcome.shadow += len(apart)
    if apart:
        with room.transaction() as session:
            shadowing.keep(session, owner, apart, now=now)
    return counting


def tables_of(room: Room, part: list[Outlet], window: Window) -> dict[str, pl.DataFrame]:
    """What the rules read: the stored series, limits (an outlet's own go first), and what the bureau imported."""
    names = [one.outlet_id for one in part]
    begin = None if window.begin is None else window.begin - LOOK_BACK
    with room.reading() as session:
        held = queries.limits(session, names)
    agencies = superiors(room.catalogue, part[0].owner)[::-1]
    imported = {
        name: kept_tables(room).read(name, agencies) for name in declared() if name not in ("obs_hour", "outlets")
    }
    mine = pl.col("outlet_id").is_in(names)
    tables = {
        name: frame.filter(mine) if "outlet_id" in frame.columns and name not in WHOLE else frame
        for name, frame in imported.items()
        if frame is not None
    }
    own = pl.DataFrame([one.model_dump() for limits in held.values() for one in limits], schema=LIMITS)
    general = pl.concat([own.clear(), tables.get("limits", own.clear())], how="diagonal_relaxed")
    tables["limits"] = pl.concat([general.filter(pl.col("outlet_id").is_null()).select(list(LIMITS)), own])
    tables["outlets"] = pl.DataFrame([{name: getattr(one, name) for name in OUTLETS} for one in part], schema=OUTLETS)
    tables["obs_hour"] = series_store(room).read(names, begin, window.end)
    return tables
