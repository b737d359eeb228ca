"""Facts with the items of evidence they rest on: which, of what name, and whether they still count."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlmodel import Session

from shared.records.db import Row
from shared.records.items import Item, items

Support = dict[str, Any]


def supports(session: Session, subject: Row) -> dict[str, Support]:
    """Return a subject's items by id, as a fact names them; an adopted item also by the id it had before."""
    found = items(session, subject)
    adopted = {one.adopted_from: _support(one) for one in found if one.adopted_from}
    return adopted | {str(one.id): _support(one) for one in found}


def named(known: Mapping[str, Support], ids: Iterable[str]) -> list[Support]:
    """Return the items of some ids; one that is not there is said to be unknown."""
    return [known.get(one) or {"id": one, "name": "", "document": "", "sha256": "", "state": "unknown"} for one in ids]


def tied(session: Session, subject: Row, verdicts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return verdicts whose facts also name their items, and what was stated of each fact."""
    if not any(use["evidence"] for verdict in verdicts for use in verdict["facts_used"]):
        known: dict[str, Support] = {}
    else:
        known = supports(session, subject)
    held: Mapping[str, Mapping[str, Any]] = getattr(subject, "facts", None) or {}
    return [
        dict(verdict)
        | {
            "facts_used": [
                dict(use) | {"items": named(known, use["evidence"]), "stated": held.get(use["name"], {}).get("stated")}
                for use in verdict["facts_used"]
            ]
        }
        for verdict in verdicts
    ]


def _support(found: Item) -> Support:
    return {
        "id": str(found.id),
        "name": found.name,
        "document": found.document,
        "sha256": found.sha256,
        "state": found.state,
    }
