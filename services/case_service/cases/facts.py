"""Facts of a case: checked against the catalogue, tied to held evidence, with what was stated and what it comes to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from services.case_service.cases.models import Case, Record
from shared.errors import BodyInvalid, Text
from shared.identity import Principal
from shared.records import changes, evidence
from shared.records.changes import Change
from shared.records.room import room_of
from shared.rules.facts import Checked, Misfit, check_fact

SAME = ("value", "unit", "evidence", "stated")
"""What makes a fact the same as before; who recorded it when does not."""


def recorded(
    session: Session, case: Case, body: Record, *, by: Principal, now: datetime
) -> tuple[dict[str, Any], list[Change]]:
    """Return the case's facts with those of the body, and what changed. Raises BodyInvalid naming each misfit.

    A fact is held in its declared unit, exactly converted, beside what was stated; one that says nothing new keeps
    the day it was first recorded.
    """
    checked = _checked(session, body)
    _refuse_evidence(session, case, body)
    said = {"recorded_at": now.isoformat(), "recorded_by": f"{by.agency}/{by.actor}"}
    fresh = {name: _row(fact, body.facts[name].evidence) for name, fact in checked.items()}
    told = {name: row for name, row in fresh.items() if not _is_same(case.facts.get(name), row)}
    facts = case.facts | {name: row | said for name, row in told.items()}
    found = [changes.of_fact(name, case.facts.get(name), facts[name]) for name in told]
    for name in body.removed:
        facts.pop(name)
        found.append(changes.of_fact(name, case.facts[name], None))
    return facts, [dict(one) | {"reason": body.because or ""} for one in found]


def _checked(session: Session, body: Record) -> dict[str, Checked]:
    law = room_of(session).catalogue
    found = {name: check_fact(name, fact.value, fact.unit, law.fields) for name, fact in body.facts.items()}
    misfits = [one for one in found.values() if isinstance(one, Misfit)]
    if misfits:
        errors = [
            {"field": f"facts.{one.name}", "code": one.code, "message": Text(one.zh, one.en), "near": list(one.near)}
            for one in misfits
        ]
        raise BodyInvalid(Text(misfits[0].zh, misfits[0].en), errors=errors)
    return {name: one for name, one in found.items() if isinstance(one, Checked)}


def _refuse_evidence(session: Session, case: Case, body: Record) -> None:
    """Refuse a fact tied to an item that the case does not hold, and a fact removed that is not there."""
    states = {str(item.id): item.state for item in evidence.items(session, case)}
    named = sorted({ref for fact in body.facts.values() for ref in fact.evidence})
    wrong = [(ref, states.get(ref, "unknown")) for ref in named if states.get(ref) != "held"]
    if wrong:
        words = {
            "unknown": Text("事实所附证据不在本案中", "A fact names evidence that this case does not hold"),
            "withdrawn": Text("事实所附证据已撤回", "A fact names evidence that was withdrawn"),
            "frozen": Text("事实所附证据已冻结", "A fact names evidence that is frozen"),
        }
        errors = [
            {"field": "facts", "code": f"{state}_evidence", "message": words[state], "items": [ref]}
            for ref, state in wrong
        ]
        raise BodyInvalid(words[wrong[0][1]], errors=errors)
    missing = [name for name in body.removed if name not in case.facts or name in body.facts]
    if missing:
        text = Text(f"案件没有可删去的事实“{missing[0]}”", f"The case has no fact '{missing[0]}' to remove")
        errors = [{"field": f"removed.{name}", "code": "unknown_fact", "message": text} for name in missing]
        raise BodyInvalid(text, errors=errors)


def _row(fact: Checked, supported: list[str]) -> dict[str, Any]:
    return {
        "value": fact.value,
        "unit": fact.unit,
        "stated": {"value": fact.stated_value, "unit": fact.stated_unit},
        "evidence": list(dict.fromkeys(supported)),
    }


def _is_same(before: Mapping[str, Any] | None, row: Mapping[str, Any]) -> bool:
    return before is not None and all(before.get(name) == row[name] for name in SAME)
