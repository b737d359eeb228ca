"""What a subject handed to another room and changed since: told to that room, which leaves what was sent as it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from shared.events import EVENTS, FactsChanged, Origin, envelope
from shared.identity import Principal
from shared.records.db import Row
from shared.records.deliveries import parcel_values, queue
from shared.records.items import Item
from shared.records.journal import canonical
from shared.records.room import room_of

Change = Mapping[str, Any]
"""`what` (fact_added, fact_changed, fact_removed, item_added, item_withdrawn, item_frozen, item_reinstated,
exhibit_moved), `key` (the fact's name or the item's id), `name`, `before`, `after`, `reason`."""


def of_item(found: Item, what: str, *, reason: str = "", after: Any = None) -> Change:
    """Return a change of an item."""
    shown = {"document": found.document, "sha256": found.sha256, "size": found.size, "kind": found.kind}
    return {
        "what": what,
        "key": str(found.id),
        "name": found.name,
        "before": None,
        "after": shown if after is None else after,
        "reason": reason,
    }


def of_fact(name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Change:
    """Return a change of a fact; `before` None: added, `after` None: removed."""
    what = "fact_added" if before is None else "fact_removed" if after is None else "fact_changed"
    return {"what": what, "key": name, "name": name, "before": before, "after": after, "reason": ""}


def tell(
    session: Session,
    subject: Row,
    entry: Mapping[str, Any],
    found: Sequence[Change],
    *,
    by: Principal,
    now: datetime,
) -> None:
    """Queue changes for the rooms that were given the subject's facts and evidence; before that, tell nobody.

    The message bears the id of the journal entry that wrote the changes.
    """
    kind, name = type(subject), f"{subject.kind}.facts_changed"
    if not found or not kind.handed_on or not getattr(subject, kind.handed_on, None):
        return
    room = room_of(session)
    told = FactsChanged(changes=[dict(one) for one in found], at=now, agency=by.agency, actor=by.actor)
    origin = Origin(room.name, subject.ref, subject.journey_id, int(entry["seq"]))
    body = canonical(envelope(name, told.model_dump(mode="json"), origin, message_id=entry["id"], now=now))
    receivers = EVENTS[name].receivers
    queue(
        session,
        [parcel_values(entry["id"], name, body, line=subject.ref, receiver=one, now=now) for one in receivers],
    )
