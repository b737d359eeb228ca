"""What the gateway does with an event from a room: logs it for each recipient agency and queues what is pushed."""

from uuid import UUID

from pydantic import ValidationError
from sqlmodel import Session

from gateway.exchange import messages, webhooks
from gateway.exchange.models import Subscription
from gateway.notices import telling
from shared.errors import BodyInvalid, Text
from shared.events import Event, NoticeRaised
from shared.records.deliveries import parcel_values, queue
from shared.records.journal import canonical
from shared.records.room import room_of


def pass_on(session: Session, event: Event) -> None:
    """Pass an event on to every agency it is addressed to."""
    agencies = [agency for agency in event.recipients.split(",") if agency]
    for agency in dict.fromkeys(agencies):
        _to_agency(session, agency, event)


def take_notice(session: Session, event: Event) -> None:
    """Tell the people of an agency, and its programs."""
    try:
        notice = NoticeRaised.model_validate(event.data)
    except ValidationError as broken:
        raise BodyInvalid(Text("通知内容不完整", "The notice lacks what it must say")) from broken
    telling.tell(session, notice, now=room_of(session).clock())
    _to_agency(session, notice.agency, event)


def _to_agency(session: Session, agency: str, event: Event) -> None:
    room = room_of(session)
    if agency not in room.catalogue.agencies:
        return
    message_id = _message_id(event)
    now, body = room.clock(), canonical(event.model_dump(mode="json"))
    said = {"direction": "out", "message_id": event.id, "type": event.type, "subject": event.subject, "body": body}
    messages.write(session, agency, said, now=now)

    def parcel(row: Subscription) -> dict[str, object]:
        return parcel_values(
            message_id, event.type, body, line=event.subject, receiver=row.ref, now=now, carrier="push"
        )

    queue(session, [parcel(row) for row in webhooks.wanting(session, agency, event.type)])


def _message_id(event: Event) -> UUID:
    try:
        return UUID(event.id)
    except ValueError as broken:
        raise BodyInvalid(Text("事件编号不是 UUID", "The event's id is not a UUID")) from broken
