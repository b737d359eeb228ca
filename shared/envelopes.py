"""The CloudEvents envelope in which every fact travels between rooms and to partners."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fact comes from: the room, the subject with its place in the chain, and whom it is addressed to."""

    room: str
    subject: str
    journey_id: UUID
    sequence: int = 0
    recipients: tuple[str, ...] = ()


def envelope(name: str, data: Mapping[str, Any], origin: Origin, *, message_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the CloudEvents 1.0 envelope; recipient agencies stand comma-separated on the wire."""
    return {
        "specversion": "1.0",
        "id": str(message_id),
        "source": f"/rooms/{origin.room}",
        "type": name,
        "subject": origin.subject,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "journeyid": str(origin.journey_id),
        "sequence": origin.sequence,
        "recipients": ",".join(origin.recipients),
        "data": dict(data),
    }


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
