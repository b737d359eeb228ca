"""Facts as any subject holds them: checked against the catalogue, in the declared unit beside what was stated."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlmodel import Session

from shared.errors import BodyInvalid, Text
from shared.records import evidence
from shared.records.db import Row
from shared.records.room import room_of
from shared.rules.facts import Misfit, check_fact


class StatedFact(Protocol):
    """A fact as somebody states it: a value, its unit, and ids of the items that support it."""

    @property
    def value(self) -> Any: ...

    @property
    def unit(self) -> str | None: ...

    @property
    def evidence(self) -> Sequence[str]: ...


WRONG = {
    "unknown": Text("事实所附证据不在该事项中", "A fact names evidence that this subject does not hold"),
    "withdrawn": Text("事实所附证据已撤回", "A fact names evidence that was withdrawn"),
    "frozen": Text("事实所附证据已冻结", "A fact names evidence that is frozen"),
}


def rows(session: Session, stated: Mapping[str, StatedFact]) -> dict[str, dict[str, Any]]:
    """Return stated facts as a subject stores them. Raises BodyInvalid naming each that does not fit."""
    law = room_of(session).catalogue
    found = {name: check_fact(name, fact.value, fact.unit, law.fields) for name, fact in stated.items()}
    misfits = [one for one in found.values() if isinstance(one, Misfit)]
    if misfits:
        errors = [
            {"field": f"facts.{one.name}", "code": one.code, "message": Text(one.zh, one.en), "near": list(one.near)}
            for one in misfits
        ]
        raise BodyInvalid(Text(misfits[0].zh, misfits[0].en), errors=errors)
    return {
        name: {
            "value": one.value,
            "unit": one.unit,
            "stated": {"value": one.stated_value, "unit": one.stated_unit},
            "evidence": list(dict.fromkeys(stated[name].evidence)),
        }
        for name, one in found.items()
        if not isinstance(one, Misfit)
    }


def require_held(session: Session, subject: Row, stated: Mapping[str, StatedFact]) -> None:
    """Refuse facts tied to items the subject does not hold. Raises BodyInvalid naming them."""
    states = {str(item.id): item.state for item in evidence.items(session, subject)}
    named = sorted({ref for fact in stated.values() for ref in fact.evidence})
    wrong = [(ref, states.get(ref, "unknown")) for ref in named if states.get(ref) != "held"]
    if wrong:
        errors = [
            {"field": "facts", "code": f"{state}_evidence", "message": WRONG[state], "items": [ref]}
            for ref, state in wrong
        ]
        raise BodyInvalid(WRONG[wrong[0][1]], errors=errors)
