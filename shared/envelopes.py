"""The CloudEvents envelope in which every fact travels between rooms and to partners."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from shared.clock import iso


class Origin(NamedTuple):
    """Where a fact comes from: the room, the subject with its place in the chain, and whom it is addressed to."""

    room: str
    subject: str
    journey_id: UUID
    sequence: int = 0
    recipients: tuple[str, ...] = ()


def envelope(name: str, data: Mapping[str, Any], origin: Origin, *, message_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the CloudEvents 1.0 envelope; recipient agencies stand comma-separated on the wire."""
    said = framed(frame(name, origin, now=now), dict(data), message_id=message_id)
    return said | {"id": str(message_id), "journeyid": str(origin.journey_id)}


def frame(name: str, origin: Origin, *, now: datetime) -> dict[str, Any]:
    """Return the envelope that several facts of one origin have in common, for `framed`; identifiers as such."""
    return {
        "specversion": "1.0",
        "id": "",
        "source": f"/rooms/{origin.room}",
        "type": name,
        "subject": origin.subject,
        "time": iso(now),
        "datacontenttype": "application/json",
        "journeyid": origin.journey_id,
        "sequence": origin.sequence,
        "recipients": ",".join(origin.recipients),
        "data": {},
    }


def framed(cover: Mapping[str, Any], data: dict[str, Any], *, message_id: UUID) -> dict[str, Any]:
    """Return the envelope of one fact, for `canonical`."""
    return {**cover, "id": message_id, "data": data}


ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
"""What names something: a database must be able to hold it."""


class Event(BaseModel):
    """A received envelope."""

    model_config = ConfigDict(extra="allow")

    specversion: str
    id: ShortText
    source: ShortText
    type: ShortText
    subject: ShortText
    time: AwareDatetime
    journeyid: UUID
    sequence: int = 0
    recipients: str = ""
    data: dict[str, Any]

    @property
    def sender(self) -> str:
        """Return the name of the room that sent it."""
        return self.source.rsplit("/", 1)[-1]
