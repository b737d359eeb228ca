"""Rows of the tables `outlets` and `limits` as registrations of outlets."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from pydantic import ValidationError
from sqlmodel import Session

from services.clue_service.access import scope
from services.clue_service.outlets import commands
from services.clue_service.outlets.models import OUTLET_ID, Outlet, RegisterOutlet
from shared.errors import Text
from shared.identity import Principal
from shared.records.room import room_of

ENTERPRISE = ("enterprise_id", "enterprise_name", "division")
"""Without these a row tells the rules of an outlet, but does not register it."""


@dataclass(slots=True)
class Registrations:
    """What rows would register, by outlet, and the rows (by index) that may not be: column, code and words."""

    bodies: dict[str, RegisterOutlet] = field(default_factory=dict)
    refused: list[tuple[int, str, str, Text]] = field(default_factory=list)

    def refuse(self, index: int, column: str, code: str, words: Text) -> None:
        """Set a row aside."""
        self.refused.append((index, column, code, words))


FOREIGN = Text("不是本部门管辖的排口", "not an outlet of your bureau")


def from_outlets(session: Session, rows: pl.DataFrame, *, by: Principal) -> Registrations:
    """Read rows of `outlets`: they change what is registered, and register what comes with its enterprise."""
    found = Registrations()
    for index, row, known in _with_known(session, rows, found, by=by):
        given = {
            name: value for name, value in row.items() if name in RegisterOutlet.model_fields and value is not None
        }
        if known is None and not all(given.get(name) for name in ENTERPRISE):
            continue
        before = commands.stated(session, known).model_dump() if known else {}
        _add(found, index, row["outlet_id"], before | given)
    return found


def from_limits(session: Session, rows: pl.DataFrame, *, by: Principal) -> Registrations:
    """Read rows of `limits`: those of an outlet change its limit of that pollutant; general ones register nothing."""
    found = Registrations()
    if "outlet_id" not in rows.columns:
        return found
    for index, row, known in _with_known(session, rows, found, by=by):
        if known is None:
            continue
        before = found.bodies.get(known.outlet_id) or commands.stated(session, known)
        limits = [one.model_dump() for one in before.limits if one.pollutant != row["pollutant"]]
        limits.append({name: row[name] for name in ("pollutant", "limit", "full_scale")})
        _add(found, index, known.outlet_id, before.model_dump() | {"limits": limits})
    return found


def _with_known(
    session: Session, rows: pl.DataFrame, found: Registrations, *, by: Principal
) -> Iterator[tuple[int, Mapping[str, Any], Outlet | None]]:
    """Each row that names an outlet with what is registered of it; an outlet of another bureau is refused."""
    mine = scope(room_of(session).catalogue, by)
    for index, row in enumerate(rows.iter_rows(named=True)):
        outlet_id = row["outlet_id"]
        if outlet_id is None:
            continue
        known = session.get(Outlet, outlet_id)
        if known is not None and known.owner not in mine:
            found.refuse(index, "outlet_id", "unknown_outlet", FOREIGN)
        elif not re.match(OUTLET_ID, outlet_id):
            words = Text(
                "排口编号只能含字母、数字、点、下划线和连字符", "an outlet id has letters, digits, . _ and - only"
            )
            found.refuse(index, "outlet_id", "wrong_value", words)
        else:
            yield index, row, known


def _add(found: Registrations, index: int, outlet_id: str, values: Mapping[str, Any]) -> None:
    try:
        found.bodies[outlet_id] = RegisterOutlet.model_validate(values)
    except ValidationError as wrong:
        for one in wrong.errors():
            column = str(one["loc"][-1]) if one["loc"] else ""
            found.refuse(index, column, "wrong_value", Text(f"值不符合要求：{one['msg']}", str(one["msg"])))
