"""Where the facts of a case come from: who recorded them when, on which evidence, and what they were before."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pydantic import AwareDatetime, BaseModel
from sqlmodel import Session, col, select

from services.case_service.cases.models import Case
from shared.records import provenance
from shared.records.journal import Entry
from shared.records.room import room_of

RECORDED = "case.record_investigation"


class SupportView(BaseModel):
    """An item a fact rests on; `state` is held, withdrawn, frozen, or unknown where the case has no such item."""

    id: str
    name: str
    document: str
    sha256: str
    state: str


class ChangeView(BaseModel):
    """What was recorded of a fact at one entry of the journal; `after` null: it was removed."""

    seq: int
    at: AwareDatetime
    agency: str
    actor: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    because: str | None


class FactView(BaseModel):
    """A fact as it holds: its value in the declared unit, what was stated, the items it rests on, its history.

    `is_supported`: at least one item it names is held.
    """

    name: str
    name_zh: str
    name_en: str
    type: str
    value: Any
    unit: str | None
    stated: dict[str, Any] | None
    evidence: list[SupportView]
    is_supported: bool
    recorded_at: AwareDatetime | None
    recorded_by: str
    history: list[ChangeView]


class FactsView(BaseModel):
    """The facts of a case; `removed` are those that no longer hold, by name, with their history."""

    facts: list[FactView]
    removed: dict[str, list[ChangeView]]


def facts_view(session: Session, case: Case) -> FactsView:
    """Return the facts of a case with their provenance and history."""
    told = history(session, case)
    known = provenance.supports(session, case)
    shown = [_shown(session, name, fact, known, told.get(name, [])) for name, fact in case.facts.items()]
    removed = {name: changes for name, changes in told.items() if name not in case.facts}
    return FactsView(facts=shown, removed=removed)


def history(session: Session, case: Case) -> dict[str, list[ChangeView]]:
    """Return what the journal says of each fact, oldest first: every entry that changed it."""
    statement = select(Entry).where(Entry.subject == case.ref, Entry.type == RECORDED).order_by(col(Entry.seq))
    told: dict[str, list[ChangeView]] = {}
    before: Mapping[str, Any] = {}
    for entry in session.exec(statement):
        data = orjson.loads(entry.body)["data"]
        for name, change in _changed(before, data["facts"]):
            view = ChangeView(**change, **entry.model_dump(include={"seq", "at", "agency", "actor"}), because=None)
            told.setdefault(name, []).append(view.model_copy(update={"because": data.get("because")}))
        before = data["facts"]
    return told


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in dict.fromkeys([*after, *before]):
        if before.get(name) != after.get(name):
            yield name, {"before": before.get(name), "after": after.get(name)}


def _shown(
    session: Session,
    name: str,
    fact: Mapping[str, Any],
    known: Mapping[str, provenance.Support],
    told: list[ChangeView],
) -> FactView:
    field = room_of(session).catalogue.fields.get(name)
    rests_on = [SupportView(**one) for one in provenance.named(known, fact.get("evidence") or ())]
    return FactView(
        name=name,
        name_zh=field.zh if field else name,
        name_en=field.en if field else name,
        type=field.type if field else "text",
        value=fact["value"],
        unit=fact.get("unit"),
        stated=fact.get("stated"),
        evidence=rests_on,
        is_supported=any(one.state == "held" for one in rests_on),
        recorded_at=fact.get("recorded_at") or (told[-1].at if told else None),
        recorded_by=fact.get("recorded_by", ""),
        history=told,
    )
