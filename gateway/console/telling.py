"""Journal entries in words: who did what when, to which state it led, which clocks it moved."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gateway.console.entry import Visit


def read(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of an entry; nothing where it is not for the reader."""
    body: dict[str, Any] = orjson.loads(entry["body"]) if entry["body"] else {}
    return body


def told(visit: Visit, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return journal entries as they are told: who, when, what, which state, which clocks, and the hash."""
    return [_told(visit, entry, number) for number, entry in enumerate(entries, start=1)]


def _told(visit: Visit, entry: Mapping[str, Any], number: int) -> dict[str, Any]:
    body, kind = read(entry), entry["subject"].partition(":")[0]
    by, step = body.get("by") or {}, str(body.get("step") or "")
    versions = visit.catalogue.procedures.get(str(body.get("procedure")), ()) if step else ()
    procedure = versions[-1] if versions else None
    known = procedure.steps.get(step) if procedure else None
    state = procedure.states.get(body.get("to") or "") if procedure else None
    data = body.get("data") or {}
    return {
        "number": number,
        "kind": kind,
        "subject": entry["subject"],
        "at": entry["at"],
        "agency": visit.agency(entry["agency"]),
        "who": "" if str(entry["agency"]).startswith("system:") else by.get("name", ""),
        "text": visit.words.name(known) or visit.words.or_else(f"entry.{entry['type']}", entry["type"]),
        "about": data.get("name", "") if str(entry["type"]).startswith("evidence.") else "",
        "state": visit.words.name(state) if state else "",
        "moves": state is not None and body.get("to") != body.get("from"),
        "clocks": [moved_in_words(visit, moved) for moved in body.get("clocks") or ()],
        "hash": entry["hash"],
        "seq": entry["seq"],
    }


def moved_in_words(visit: Visit, moved: Mapping[str, Any]) -> str:
    """Return what happened to a clock."""
    terms = visit.catalogue.terms.get(str(moved.get("term")))
    name = visit.words.name(terms[-1]) if terms else str(moved.get("term"))
    what = str(moved.get("what"))
    return visit.words("entry.clock", name=name, what=visit.words.or_else(f"moved.{what}", what))
