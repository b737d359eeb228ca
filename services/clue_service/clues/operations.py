"""Clues from joint operations: a finding of any agency becomes a clue of the bureau of its division."""

from sqlmodel import Session

from services.clue_service.clues.commands import receive
from services.clue_service.clues.models import Clue, Receive
from shared.clock import new_id
from shared.events import Event, Origin, envelope
from shared.identity import Principal
from shared.payloads import ClueOfOperation, OperationFound
from shared.records.deliveries import parcel_values, queue
from shared.records.journal import canonical
from shared.records.room import room_of

EVENT = "clue.of_operation"


def take_finding(session: Session, event: Event) -> Clue:
    """Receive a finding in the name of the agency that reported it, and tell the operation which clue it became.

    A finding of what is a clue already is merged into it, as any report is.
    """
    told, room = OperationFound.model_validate(event.data), room_of(session)
    now, who = room.clock(), told.reported_by
    reporter = Principal(told.agency, who["kind"], who["actor"], frozenset(who["roles"]), who["name"])
    reason = {"zh": f"联合执法行动“{told.operation}”发现", "en": f"found in the joint operation '{told.operation}'"}
    origin = reason | {"operation": event.subject, "finding": told.number, "agency": told.agency}
    names = {"title", "summary", "enterprise_id", "enterprise_name", "division"}
    body = Receive(
        **told.model_dump(include=names),
        source="joint_operation",
        discovered_at=min(told.found_at, now),
        score_reasons=[origin],
    )
    clue = receive(session, body, by=reporter, now=now)
    said = ClueOfOperation(finding=event.id, owner=clue.owner).model_dump(mode="json")
    message = new_id(now)
    source = Origin(room.name, clue.ref, clue.journey_id, clue.version)
    text = canonical(envelope(EVENT, said, source, message_id=message, now=now))
    queue(session, [parcel_values(message, EVENT, text, line=f"operation:{clue.ref}", receiver="case", now=now)])
    return clue
