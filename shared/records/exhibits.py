"""Physical exhibits: things kept elsewhere, described here; every act upon one is stated, in custody and journalled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel

from shared.errors import BodyInvalid, StepRefused, Text
from shared.identity import Principal
from shared.records import changes
from shared.records.custody import custody
from shared.records.db import Row, put, table_of, write
from shared.records.items import Item
from shared.records.journal import Fact, record
from shared.records.room import room_of
from shared.rules.evidence_kinds import ExhibitAct, ill_stated, labels, lacking

POSITION = ("quantity", "unit", "features", "storage_place", "seal_number", "sealed_by", "state", "holder")


class Exhibit(SQLModel, table=True):
    """Where a thing is now; its description, frozen when it was taken, is its item."""

    __tablename__ = "exhibits"

    item_id: UUID = Field(primary_key=True)
    subject: str = Field(index=True)
    quantity: float
    unit: str
    features: str
    storage_place: str
    seal_number: str = ""
    """Number of the seal upon it; empty: it is not sealed."""
    sealed_by: str = ""
    state: str = "kept"
    """kept, handed_over, returned or destroyed."""
    holder: str = ""
    """Who has it; while it is kept, the agency whose subject it is."""


@dataclass(frozen=True, slots=True)
class Deed:
    """An act upon an exhibit and what is stated of it."""

    act: str
    stated: Mapping[str, Any]
    note: str = ""


def position(thing: Exhibit) -> dict[str, Any]:
    """Return what a hand-over list says of a thing: how much, where, under which seal, who has it."""
    return {name: getattr(thing, name) for name in POSITION}


def exhibit_values(item_id: UUID, subject: Row, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a thing from what was said of it."""
    values = {name: said.get(name) for name in POSITION}
    values["sealed_by"] = _words(values["sealed_by"])
    fallback = {"state": "kept", "holder": subject.owner}
    filled = {name: value if value is not None else fallback.get(name, "") for name, value in values.items()}
    return {"item_id": item_id, "subject": subject.ref, **filled}


def keep(session: Session, subject: Row, found: Item, said: Mapping[str, Any], *, by: Principal, now: datetime) -> None:
    """Write where a thing that was just taken is; a seal it came under is an act of its own."""
    write(session, Exhibit, [exhibit_values(found.id, subject, said)])
    custody(session, [found.id], "taken", by=by, now=now, stated=_part(said, "taken_at", "taken_by", "taken_place"))
    data = {"item": str(found.id), "act": "taken", "stated": dict(said)}
    record(session, subject, Fact("exhibit.taken", data), by=by, now=now)
    if said.get("seal_number"):
        custody(session, [found.id], "sealed", by=by, now=now, stated=_part(said, "seal_number", "sealed_by"))


def do(session: Session, subject: Row, found: Item, deed: Deed, *, by: Principal, now: datetime) -> Exhibit:
    """Do something to a thing: seal, move, unseal, hand over, return, destroy by order.

    Raises StepRefused where the thing is not so, BodyInvalid with what must be stated.
    """
    act = _known(session, deed.act)
    thing = session.get(Exhibit, found.id, populate_existing=True)
    if thing is None or found.state == "withdrawn":
        raise StepRefused(Text("该证据不是在管的物证", "This item is no exhibit that is kept"), item=str(found.id))
    _refuse(act, thing, deed, now)
    before = position(thing)
    after = before | _moved(act, subject, deed.stated)
    table = table_of(Exhibit)
    session.execute(update(table).where(table.c.item_id == thing.item_id).values(**after))
    put(thing, after)
    custody(session, [found.id], act.id, by=by, now=now, note=deed.note, stated=deed.stated)
    data = {"item": str(found.id), "act": act.id, "stated": dict(deed.stated), "before": before, "after": after}
    entry = record(session, subject, Fact(f"exhibit.{act.id}", data), by=by, now=now)
    moved = dict(changes.of_item(found, "exhibit_moved", reason=act.id, after=after)) | {"before": before}
    changes.tell(session, subject, entry, [moved], by=by, now=now)
    return thing


def _known(session: Session, name: str) -> ExhibitAct:
    acts = room_of(session).catalogue.exhibit_acts
    if name in acts and "new" not in acts[name].from_states:
        return acts[name]
    known = sorted(one for one, act in acts.items() if "new" not in act.from_states)
    words = Text(f"没有“{name}”这种处置", f"There is no act '{name}' upon an exhibit")
    raise BodyInvalid(words, errors=[{"field": "act", "code": "unknown_act", "message": words}], known=known)


def _refuse(act: ExhibitAct, thing: Exhibit, deed: Deed, now: datetime) -> None:
    """Refuse an act that the thing's state or seal does not allow, or of which too little is stated."""
    if thing.state not in act.from_states:
        words = Text(f"该物证现为“{thing.state}”，不能{act.name_zh}", f"The exhibit is {thing.state}: not {act.id} now")
        raise StepRefused(words, item=str(thing.item_id), state=thing.state)
    if act.seal == "unsealed" and thing.seal_number:
        words = Text("该物证已加封，须先启封", "The exhibit is sealed: unseal it first")
        raise StepRefused(words, item=str(thing.item_id), seal_number=thing.seal_number)
    if act.seal == "sealed" and not thing.seal_number:
        raise StepRefused(Text("该物证没有加封", "The exhibit is not sealed"), item=str(thing.item_id))
    missing = lacking(act.fields, deed.stated)
    if missing:
        zh, en = labels(missing)
        errors = [
            {"field": one.field, "code": "missing", "message": Text(one.label_zh, one.label_en)} for one in missing
        ]
        raise BodyInvalid(Text(f"{act.name_zh}须载明：{zh}", f"{act.name_en}: state {en}"), errors=errors)
    wrong = ill_stated(act.fields, deed.stated, now=now)
    if wrong:
        errors = [{"field": one.field, "code": "ill_stated", "message": Text(one.zh, one.en)} for one in wrong]
        raise BodyInvalid(Text(wrong[0].zh, wrong[0].en), errors=errors)


def _moved(act: ExhibitAct, subject: Row, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an act changes of where a thing is."""
    moved: dict[str, Any] = {"state": act.to_state}
    if act.id == "sealed":
        moved |= {"seal_number": str(stated["seal_number"]), "sealed_by": _words(stated["sealed_by"])}
    if act.id == "unsealed":
        moved |= {"seal_number": "", "sealed_by": ""}
    if act.id == "moved":
        moved["storage_place"] = str(stated["storage_place"])
    if "to" in stated:
        moved["holder"] = str(stated["to"])
    if act.to_state == "destroyed":
        moved["holder"] = ""
    return moved


def _part(said: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: said[name] for name in names if said.get(name) is not None}


def _words(value: Any) -> str:
    return "、".join(str(one) for one in value) if isinstance(value, list) else str(value or "")
