"""Whom a hit is about: the enterprise, where, whose, and from which source, for outlets and for every other entity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from services.clue_service.clues.models import Source
from services.clue_service.detection.functions import MODELS
from services.clue_service.detection.hits import Hit
from services.clue_service.outlets.models import Outlet


@dataclass(frozen=True, slots=True)
class About:
    """What a clue says of whom it concerns; `data` names the data a slice is cut from, in Chinese."""

    entity_id: str
    enterprise_id: str
    enterprise_name: str
    division: str
    owner: str
    data: str
    industry: str = ""
    outlet_id: str | None = None
    source: Source = "rule"


@dataclass(frozen=True, slots=True)
class Book:
    """Where a rule that is not about outlets finds the enterprise: a column of its frozen slice."""

    column: str
    source: Source
    data: str


BOOKS: Mapping[str, Book] = {
    "R12": Book("enterprise_id", "waste_ledger", "危险废物台账"),
    "R13": Book("enterprise_id", "waste_ledger", "危险废物台账"),
    "R19": Book("shipper", "waste_ledger", "危险废物转移联单"),
    "R20": Book("station_id", "vehicle_inspection", "机动车排放检验记录"),
    "R21": Book("station_id", "vehicle_inspection", "机动车排放检验过程数据"),
    "R22": Book("org", "rule", "第三方监测报告"),
    "R23": Book("enterprise_id", "mobile_monitoring", "走航监测数据"),
    "R24": Book("section_id", "river_section", "河流断面监测数据"),
}
"""Rule id -> its book."""


def is_of_outlets(rule_id: str) -> bool:
    """Whether a rule is about outlets, whose bureau is registered with them."""
    return MODELS[rule_id].entity == "outlet_id"


def of_outlet(outlet: Outlet) -> About:
    """Return what is known of an outlet."""
    return About(
        entity_id=outlet.outlet_id,
        enterprise_id=outlet.enterprise_id,
        enterprise_name=outlet.enterprise_name,
        division=outlet.division,
        owner=outlet.owner,
        data=f"排放口 {outlet.outlet_id} 自动监测小时数据",
        industry=outlet.industry,
        outlet_id=outlet.outlet_id,
    )


def of_book(found: Hit, owner: str, division: str, names: Mapping[str, str]) -> About:
    """Return what is known of any other entity: its enterprise where the slice names one, else the entity itself.

    `names` gives the names of enterprises that are registered with outlets.
    """
    book = BOOKS[found.rule_id]
    marked = found.evidence.filter("hit") if "hit" in found.evidence.columns else found.evidence
    enterprise = _first(marked, book.column) or found.entity_id
    return About(
        entity_id=found.entity_id,
        enterprise_id=enterprise,
        enterprise_name=names.get(enterprise, enterprise),
        division=division,
        owner=owner,
        data=book.data,
        industry=_first(marked, "industry"),
        source=book.source,
    )


def _first(rows: pl.DataFrame, column: str) -> str:
    if column not in rows.columns:
        return ""
    stated: list[Any] = rows[column].drop_nulls().cast(pl.String).to_list()
    return str(stated[0]) if stated else ""
