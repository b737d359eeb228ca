"""Notices under a clock that stands still: raised, sent, passed on and followed up, step by step in one thread."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import httpx
from aiosmtpd.controller import Controller

from gateway.exchange.carriers import carriers, on_stopped
from gateway.identity.models import Person
from gateway.identity.queries import person_by_login
from gateway.notices import following, holding, passing
from gateway.notices.telling import tell
from shared.events import NoticeRaised
from shared.records.deliveries import deliver_due
from shared.records.room import Room
from tests.service.gateway.conftest import TestClock
from tests.service.gateway.posting import NOTICE


class Postbox:
    """A real mail server's handler that keeps what it takes."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep a message."""
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        return "250 OK"


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def mail_server(port: int) -> Iterator[Postbox]:
    """Run a mail server on the loopback."""
    postbox = Postbox()
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield postbox
    finally:
        controller.stop()


def raise_notice(room: Room, key: str, **change: Any) -> int:
    """Take a notice as the room's handler does; returns how many people were told."""
    with room.transaction() as session:
        return tell(session, NoticeRaised.model_validate({**NOTICE, "key": key, **change}), now=room.clock())


def turn(room: Room, client: httpx.Client) -> None:
    """Do what the worker does, until nothing is due."""
    ways = carriers(room, client)
    for _ in range(200):
        busy = holding.send_held(room) + passing.pass_on(room) + following.follow_up(room)
        busy += deliver_due(room, ways, on_stopped=on_stopped)
        if not busy:
            return
    raise AssertionError("it never came to rest")


def live_through(room: Room, clock: TestClock, client: httpx.Client, *, hours: float, step: float = 1.0) -> None:
    """Let hours pass in steps, the worker running at each."""
    passed = 0.0
    while passed < hours:
        clock.move(hours=step)
        passed += step
        turn(room, client)


def person(room: Room, login: str) -> Person:
    """Return a person by login."""
    with room.reading() as session:
        found = person_by_login(session, login)
    assert found is not None
    return found


def set_mail(room: Room, login: str, email: str) -> None:
    """Give a person a mail address."""
    with room.transaction() as session:
        found = person_by_login(session, login)
        assert found is not None
        found.email = email
        session.add(found)
