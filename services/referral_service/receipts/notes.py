"""What the gateway tells of receipts: a partner's machine has a message."""

from uuid import UUID

from sqlmodel import Session

from services.referral_service.receipts import commands
from services.referral_service.receipts.commands import Wanted
from shared.events import Event, MessageDelivered
from shared.matters.models import Between
from shared.records.db import relations_of, visible
from shared.records.room import room_of


def note_delivered(session: Session, event: Event) -> None:
    """Issue the receipt `delivered`: the sender's desk attests that the partner's machine has the message.

    What is no subject of this room, and an agency that takes no part, are left alone.
    """
    room, told = room_of(session), MessageDelivered.model_validate(event.data)
    kind, _, subject_id = event.subject.partition(":")
    model = room.subjects.get(kind)
    if model is None or not issubclass(model, Between):
        return
    subject = visible(session, model, UUID(subject_id), by=room.itself)
    agency = told.agency
    takes_part = room.catalogue.agencies.get(agency) is not None and relations_of(
        session, kind, subject.id, commands.as_agency(room, agency)
    )
    if agency == subject.owner or not takes_part or not commands.is_known(session, subject, told.manifest_digest):
        return
    wanted = Wanted("delivered", subject.owner, agency, told.manifest_digest, told.message_id)
    commands.issue(session, subject, wanted, by=room.itself, now=room.clock())
