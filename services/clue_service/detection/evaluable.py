"""Which outlets each rule could judge in a month: what its clues are to be counted against."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import polars as pl
from sqlalchemy import Table, func
from sqlmodel import Field, Session, SQLModel, col, select

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.functions import MODELS
from services.clue_service.detection.live import settings
from services.clue_service.outlets.models import Outlet
from services.clue_service.upserting import upsert
from shared.clock import ZONE

SAID_BY_ABSENCE = ("mark", "mark_by", "mark_set_at", "valid_min", "flag")
"""Columns that mean something when they are null."""


class EvaluableOutlet(SQLModel, table=True):
    """That a rule could judge an outlet in a month: it had valid hours with all that the rule reads."""

    __tablename__ = "evaluable_outlets"

    rule_id: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    """YYYY-MM, local."""
    outlet_id: str = Field(primary_key=True)


def evaluable(
    tables: Mapping[str, pl.DataFrame], rules: Iterable[Rule], begin: datetime | None
) -> set[tuple[str, str, str]]:
    """Rule, month and outlet for every month from `begin` on (aware; None: all) in which a rule could judge one."""
    hours = tables["obs_hour"]
    valid = (hours["flag"] == settings()["flag_normal"]) & hours["value"].is_not_null()
    if begin is not None:
        valid &= hours["ts"] >= begin.astimezone(ZONE).replace(tzinfo=None)
    columns = [name for name in hours.columns if name not in ("outlet_id", "ts")]
    there = hours.filter(valid.fill_null(False)).group_by("outlet_id", month=pl.col("ts").dt.strftime("%Y-%m"))
    each = there.agg(pl.col(columns).is_not_null().any())
    media = tables["outlets"].select("outlet_id", "medium").unique("outlet_id", keep="last")
    each = each.join(media, on="outlet_id", how="left")
    found = set()
    for rule in rules:
        model = MODELS[rule.id]
        wanted = [name for name in model.needs.get("obs_hour", ()) if name not in ("outlet_id", "ts", *SAID_BY_ABSENCE)]
        if not wanted or not set(wanted) <= set(each.columns) or not set(model.needs) - {"obs_hour"} <= set(tables):
            continue
        fits = pl.all_horizontal(wanted) & (pl.lit(True) if model.medium is None else pl.col("medium") == model.medium)
        found |= {(rule.id, month, outlet) for outlet, month in each.filter(fits).select("outlet_id", "month").rows()}
    return found


def note(session: Session, found: Iterable[tuple[str, str, str]]) -> None:
    """Remember them; what is known already stays as it is."""
    rows = [{"rule_id": rule, "month": month, "outlet_id": outlet} for rule, month, outlet in sorted(found)]
    upsert(session, EvaluableOutlet, rows, _as_it_is)


def _as_it_is(table: Table, _fresh: object) -> dict[str, object]:
    return {"outlet_id": table.c.outlet_id}


def by_month(session: Session, rule_id: str, owners: Iterable[str]) -> dict[str, int]:
    """How many outlets of some bureaus a rule could judge, by month."""
    statement = (
        select(EvaluableOutlet.month, func.count())
        .join(Outlet, col(Outlet.outlet_id) == col(EvaluableOutlet.outlet_id))
        .where(EvaluableOutlet.rule_id == rule_id, col(Outlet.owner).in_(list(owners)))
        .group_by(EvaluableOutlet.month)
    )
    return dict(session.exec(statement).all())
