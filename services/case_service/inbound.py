"""Messages from partners about conferences. The gateway verified the signature first."""

from uuid import UUID

import orjson
from pydantic import ValidationError

from services.case_service.conferences import doors
from services.case_service.conferences.bodies import StepMessage
from services.case_service.conferences.views import ConferenceView
from shared.errors import BodyInvalid, Text
from shared.events import Event
from shared.identity import Principal
from shared.records import inbox
from shared.records.room import Room

STEP = "partner.step"
"""The message that takes a step; its subject is a conference, its data say `step` and what it states."""


def take(room: Room, event: Event, body: bytes, by: Principal) -> inbox.Outcome:
    """Run a partner's message as that partner; its id and its effect commit together."""
    conference_id, said = _subject(event.subject), _step(event)
    with room.transaction() as session:

        def effect() -> inbox.Outcome:
            taken = doors.take(session, conference_id, said.step, said.stated, by=by, now=room.clock())
            return inbox.Outcome(
                200, orjson.dumps(ConferenceView.model_validate(taken).model_dump(mode="json")).decode()
            )

        sender, digest = f"partner:{by.agency}", inbox.digest_of(body)
        return inbox.once(session, effect, sender=sender, message_id=event.id, digest=digest, now=room.clock())


def _step(event: Event) -> StepMessage:
    if event.type != STEP:
        words = Text(f"会商不接收 {event.type} 类型的消息", f"A conference takes no messages of type {event.type}")
        raise BodyInvalid(words, known=[STEP])
    try:
        return StepMessage.model_validate(event.data)
    except ValidationError as broken:
        errors = [{"field": ".".join(map(str, one["loc"])), "code": one["type"]} for one in broken.errors()]
        raise BodyInvalid(errors=errors) from broken


def _subject(ref: str) -> UUID:
    kind, _, conference_id = ref.partition(":")
    words = Text("subject 应为 conference:<编号>", "subject must be conference:<id>")
    if kind != "conference":
        raise BodyInvalid(words)
    try:
        return UUID(conference_id)
    except ValueError as broken:
        raise BodyInvalid(words) from broken
