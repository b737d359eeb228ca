"""A rule that is mostly wrong stops making clues by itself: it goes to shadow, journalled, and its owner is told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from services.clue_service.detection.catalogue import Status
from services.clue_service.rules_office.commands import ref_of, set_aside
from services.clue_service.rules_office.feedback import Figures, figures, outcomes
from services.clue_service.rules_office.registry import Standing, rulebook
from shared.records.db import one_at_a_time
from shared.records.notices import tell_of_entry
from shared.records.room import Room, room_of

LEAST_VERIFIED = 20
LEAST_PRECISION = 0.30
"""A rule with a verified precision below this over so many verified clues is only observed (detection catalogue, F)."""


def observe_unreliable(room: Room) -> list[str]:
    """Move every active rule that is mostly wrong to shadow; returns their ids. Each is a transaction of its own."""
    now = room.clock()
    with room.reading() as session:
        wrong = [one.rule.id for one in rulebook(session).standing.values() if _figures_of_wrong(session, one)]
    moved = []
    for rule_id in wrong:
        with room.transaction() as session:
            one_at_a_time(session, ref_of(rule_id))
            standing = rulebook(session).find(rule_id)
            found = _figures_of_wrong(session, standing)
            if found is not None:
                _set_aside(session, standing, found, now=now)
                moved.append(rule_id)
    return moved


def _figures_of_wrong(session: Session, standing: Standing) -> Figures | None:
    """The figures of a rule that is active and mostly wrong since its set came into force; None for any other."""
    if standing.rule.status is not Status.ACTIVE:
        return None
    every = room_of(session).catalogue.agencies
    found = figures(outcomes(session, every, standing.rule.id, since=standing.since_at))
    is_wrong = found.precision is not None and found.precision < LEAST_PRECISION
    return found if is_wrong and found.verified >= LEAST_VERIFIED else None


def _set_aside(session: Session, standing: Standing, found: Figures, *, now: datetime) -> None:
    said: Mapping[str, Any] = {
        "figures": found.model_dump(mode="json"),
        "least_precision": LEAST_PRECISION,
        "least_verified": LEAST_VERIFIED,
    }
    entry = set_aside(session, standing, said, by=room_of(session).itself, now=now)
    low, high = found.interval or (0.0, 1.0)
    values = {
        "rule": standing.rule.id,
        "name_zh": standing.rule.name.zh,
        "name_en": standing.rule.name.en,
        "verified": str(found.verified),
        "confirmed": str(found.confirmed),
        "precision": f"{found.precision or 0:.1%}",
        "interval": f"{low:.1%}–{high:.1%}",
    }
    tell_of_entry(session, entry, {"owner": (standing.owner,)}, values, now=now)
