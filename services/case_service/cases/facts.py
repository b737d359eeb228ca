"""Facts of a case: checked against the catalogue, tied to held evidence, with what was stated and what it comes to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from services.case_service.cases.models import Case, Record
from shared.errors import BodyInvalid, Text
from shared.identity import Principal
from shared.records import changes
from shared.records import facts as facts_records
from shared.records.changes import Change

SAME = ("value", "unit", "evidence", "stated")
"""What makes a fact the same as before; who recorded it when does not."""


def recorded(
    session: Session, case: Case, body: Record, *, by: Principal, now: datetime
) -> tuple[dict[str, Any], list[Change]]:
    """Return the case's facts with those of the body, and what changed. Raises BodyInvalid naming each misfit.

    A fact is held in its declared unit, exactly converted, beside what was stated; one that says nothing new keeps
    the day it was first recorded.
    """
    fresh = facts_records.rows(session, body.facts)
    facts_records.require_held(session, case, body.facts)
    _refuse_removal(case, body)
    said = {"recorded_at": now.isoformat(), "recorded_by": f"{by.agency}/{by.actor}"}
    told = {name: row for name, row in fresh.items() if not _is_same(case.facts.get(name), row)}
    facts = case.facts | {name: row | said for name, row in told.items()}
    found = [changes.of_fact(name, case.facts.get(name), facts[name]) for name in told]
    for name in body.removed:
        facts.pop(name)
        found.append(changes.of_fact(name, case.facts[name], None))
    return facts, [dict(one) | {"reason": body.because or ""} for one in found]


def _refuse_removal(case: Case, body: Record) -> None:
    """Refuse a fact removed that is not there."""
    missing = [name for name in body.removed if name not in case.facts or name in body.facts]
    if missing:
        text = Text(f"案件没有可删去的事实“{missing[0]}”", f"The case has no fact '{missing[0]}' to remove")
        errors = [{"field": f"removed.{name}", "code": "unknown_fact", "message": text} for name in missing]
        raise BodyInvalid(text, errors=errors)


def _is_same(before: Mapping[str, Any] | None, row: Mapping[str, Any]) -> bool:
    return before is not None and all(before.get(name) == row[name] for name in SAME)
