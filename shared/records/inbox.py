"""Receiving once: a message's id and its effect commit together; a repetition gets the first answer."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field, Session, SQLModel

from shared.errors import KeyReused
from shared.records.contested import contested
from shared.records.db import write


class Received(SQLModel, table=True):
    """A message (or an idempotency key) that was taken, with the answer it got."""

    __tablename__ = "received"

    sender: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    digest: str
    at: datetime
    status: int
    result: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a message: status, body text, the subject's ETag, and whether it is a repetition."""

    status: int
    result: str
    repeated: bool = False


def digest_of(*parts: bytes) -> str:
    """Return the SHA-256 by which a repeated message is told from another one under the same id."""
    return hashlib.sha256(b"\x00".join(parts)).hexdigest()


def earlier(session: Session, *, sender: str, message_id: str, digest: str) -> Outcome | None:
    """Return the first answer to this message, if it came before. Raises KeyReused when its content was another."""
    known = session.get(Received, (sender, message_id))
    if known is None:
        return None
    if known.digest != digest:
        raise KeyReused(message_id=message_id)
    return Outcome(known.status, known.result, repeated=True)


def once(
    session: Session, effect: Callable[[], Outcome], *, sender: str, message_id: str, digest: str, now: datetime
) -> Outcome:
    """Run `effect` unless the message was taken before; then return the first answer.

    Raises KeyReused for another content under the same id, and Stale when a twin is being taken at this moment.
    """
    known = earlier(session, sender=sender, message_id=message_id, digest=digest)
    if known is not None:
        return known
    outcome = effect()
    row = {"sender": sender, "message_id": message_id, "digest": digest, "at": now}
    with contested(message_id=message_id):
        write(session, Received, [row | {"status": outcome.status, "result": outcome.result}])
    return outcome
