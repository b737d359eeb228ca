"""What the rules that are not about outlets read: the tables a bureau imported, and how their hits become reports."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

import polars as pl
from sqlmodel import select

from services.clue_service.access import superiors
from services.clue_service.detection import commands
from services.clue_service.detection.about import of_book
from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.commands import Frozen
from services.clue_service.detection.hits import Hit
from services.clue_service.intake.kept_tables import kept_tables
from services.clue_service.intake.tables import declared
from services.clue_service.intake.taking import series_store
from services.clue_service.outlets.models import Outlet
from services.clue_service.van_runs import registered
from shared.records.room import Room


def tables(room: Room, agency: str) -> dict[str, pl.DataFrame]:
    """Return what a bureau imported, and the hours of the outlets upstream of its river sections."""
    store = kept_tables(room)
    general = ("limits", "weather")
    found = {}
    for name in declared():
        agencies = superiors(room.catalogue, agency)[::-1] if name in general else (agency,)
        frame = store.read(name, agencies)
        if frame is not None:
            found[name] = frame
    if "section_sources" in found:
        found["obs_hour"] = series_store(room).read(
            found["section_sources"]["outlet_id"].unique().drop_nulls().to_list()
        )
    return found


def names_of(room: Room, agency: str) -> dict[str, str]:
    """Return the names of a bureau's enterprises, as they are registered with their outlets."""
    with room.reading() as session:
        rows = session.exec(select(Outlet.enterprise_id, Outlet.enterprise_name).where(Outlet.owner == agency))
        return dict(rows.all())


def frozen(room: Room, found: Hit, rule: Rule, agency: str, names: Mapping[str, str], *, now: datetime) -> Frozen:
    """Freeze a hit of a bureau's tables."""
    division = room.catalogue.agencies[agency].division
    made = commands.frozen(found, rule, of_book(found, agency, division, names), room.blobs, now=now)
    if not registered.is_of_vans(rule.id):
        return made
    reasons = [*made.report.score_reasons, registered.reason(room, agency, found.entity_id)]
    return replace(made, report=made.report.model_copy(update={"score_reasons": reasons}))


def place(agency: str, rule_id: str, entity_id: str) -> str:
    """Return the place at which reports of one entity wait for one another."""
    return f"entity:{sha256(f'{agency}/{rule_id}/{entity_id}'.encode()).hexdigest()[:32]}"
