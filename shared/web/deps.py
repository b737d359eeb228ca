"""What a route asks for: who acts, a reading session, and the one call that runs a command."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

import orjson
from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlmodel import Session

from shared.errors import NotSignedIn, Stale, Text
from shared.identity import Principal, verify_assertion
from shared.records import inbox
from shared.records.db import Row
from shared.records.room import Room

ASSERTION_HEADER = "x-lianqin-identity"
TRIES = 4
R = TypeVar("R")
V = TypeVar("V", bound=BaseModel)
_verified: dict[str, tuple[Principal, datetime]] = {}


async def room_of_app(request: Request) -> Room:
    """Return the room behind the app. (Asynchronous, like what follows, because nothing waits: no thread is taken.)"""
    return cast(Room, request.app.state.room)


RoomDep = Annotated[Room, Depends(room_of_app)]


async def acting(request: Request, room: RoomDep) -> Principal:
    """Return who acts, as a dependency."""
    return principal(request, room)


def principal(request: Request, room: Room) -> Principal:
    """Return who acts, from the gateway's signed assertion. Raises NotSignedIn when there is none that holds."""
    token = request.headers.get(ASSERTION_HEADER, "")
    if not token:
        raise NotSignedIn(Text("请求没有身份凭证", "The request carries no identity"))
    now = room.clock()
    known = _verified.get(token)
    if known is None or known[1] <= now:
        known = verify_assertion(token, secret=room.settings.internal_secret, now=now)
        if len(_verified) > 10_000:
            _verified.clear()
        _verified[token] = known
    return known[0]


PrincipalDep = Annotated[Principal, Depends(acting)]


def reading(room: RoomDep) -> Iterator[Session]:
    """Open a reading session for the length of the route function."""
    with room.reading() as session:
        yield session


ReadDep = Annotated[Session, Depends(reading, scope="function")]


def act(room: Room, effect: Callable[[Session, datetime], R]) -> R:
    """Run a command in one transaction, again when somebody else was faster."""
    for attempt in range(TRIES - 1):
        try:
            return _once(room, effect, is_alone=attempt > 0)
        except Stale:
            continue
    return _once(room, effect, is_alone=True)


def _once(room: Room, effect: Callable[[Session, datetime], R], *, is_alone: bool) -> R:
    with room.transaction() as session:
        session.info["is_alone"] = is_alone
        return effect(session, room.clock())


class Call:
    """One command on its way: runs in one transaction, retried when stale, answered once per idempotency key."""

    def __init__(
        self, request: Request, room: Room, by: Principal, idempotency_key: str | None, if_match: str | None
    ) -> None:
        self.room, self.by, self.key, self.if_match = room, by, idempotency_key, if_match
        self._request = request
        self._is_alone = False
        self.now = room.clock()

    def __call__(
        self, command: Callable[..., Row], *args: Any, view: type[V], body: BaseModel | None = None, status: int = 200
    ) -> Response:
        """Run `command(session, *args, by=, now=)` and answer with the subject's view, ETag and version.

        `args` begins with the subject's id, if there is one, and ends with the body, if there is one.
        """
        given = (*args, body) if body is not None else args
        for attempt in range(TRIES):
            try:
                self._is_alone = attempt > 0
                return self._run(lambda session: command(session, *given, by=self.by, now=self.now), view, body, status)
            except Stale:
                if self.if_match is not None or attempt == TRIES - 1:
                    raise
                self.now = self.room.clock()
        raise AssertionError("unreachable")

    def _run(self, effect: Callable[[Session], Row], view: type[V], body: BaseModel | None, status: int) -> Response:
        with self.room.transaction() as session:
            session.info.update(if_match=self.if_match, is_alone=self._is_alone)
            if self.key is None:
                subject = effect(session)
                shown = view.model_validate(subject).model_dump_json()
                return _shown(shown.encode(), subject.etag, status)

            def outcome() -> inbox.Outcome:
                subject = effect(session)
                said = {"etag": subject.etag, "body": view.model_validate(subject).model_dump(mode="json")}
                return inbox.Outcome(status, orjson.dumps(said).decode())

            return _answer(self._once(session, outcome, body))

    def _once(self, session: Session, outcome: Callable[[], inbox.Outcome], body: BaseModel | None) -> inbox.Outcome:
        content = body.model_dump_json().encode() if body is not None else b""
        digest = inbox.digest_of(self._request.method.encode(), self._request.url.path.encode(), content)
        sender = f"key:{self.by.agency}/{self.by.actor}"
        message_id = hashlib.sha256(str(self.key).encode()).hexdigest()
        return inbox.once(session, outcome, sender=sender, message_id=message_id, digest=digest, now=self.now)


async def calling(
    request: Request,
    room: RoomDep,
    by: PrincipalDep,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    if_match: Annotated[str | None, Header(max_length=40)] = None,
) -> Call:
    """Return the command's call with what the request's headers say."""
    return Call(request, room, by, idempotency_key, if_match)


CallDep = Annotated[Call, Depends(calling)]


def _answer(outcome: inbox.Outcome) -> Response:
    stored: dict[str, Any] = orjson.loads(outcome.result)
    answer = _shown(orjson.dumps(stored["body"]), stored["etag"], outcome.status)
    if outcome.repeated:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _shown(body: bytes, etag: str, status: int) -> Response:
    return Response(body, status_code=status, media_type="application/json", headers={"ETag": etag})
