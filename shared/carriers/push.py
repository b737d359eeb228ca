"""HTTP push: a message posted with a Standard Webhooks signature, to a room or to a partner's address."""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Timer
from typing import Any

import httpx

from shared.records.deliveries import Answer, Parcel
from shared.signing import sign

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
WHOLE_SECONDS = 20.0
"""How long a new connection may last: the timeout above begins again with every byte that comes."""
READ_BYTES, WORDS = 4096, 300

Target = tuple[str, Sequence[str]]
"""Address and signing keys."""


def carrier(
    client: httpx.Client, target_of: Callable[[Parcel], Target], *, within: float = WHOLE_SECONDS
) -> Callable[[Parcel, datetime], Answer]:
    """Return the carrier that posts parcels; `target_of` tells where to and with which keys.

    A connection made for a parcel is cut after `within` seconds.
    """

    def send(parcel: Parcel, now: datetime) -> Answer:
        address, keys = target_of(parcel)
        body = parcel.body.encode()
        headers = sign(body, message_id=str(parcel.message_id), now=now, keys=keys)
        headers["content-type"] = "application/cloudevents+json; charset=utf-8"
        try:
            with (
                _cut_after(within) as watched,
                client.stream(
                    "POST", address, content=body, headers=headers, timeout=TIMEOUT, extensions=watched
                ) as response,
            ):
                return Answer(response.status_code, _first_words(response))
        except httpx.HTTPError as unreachable:
            return Answer(0, f"{type(unreachable).__name__}: {unreachable}")

    return send


@contextmanager
def _cut_after(seconds: float) -> Iterator[dict[str, Any]]:
    """Yield what a request needs for its connection to end in time: who answers byte by byte holds up all others."""
    watched: list[tuple[Timer, socket.socket]] = []

    def trace(event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            connection = info["return_value"].get_extra_info("socket").dup()  # TLS takes the first one over
            watched.append((Timer(seconds, _cut, (connection,)), connection))
            watched[-1][0].start()

    try:
        yield {"trace": trace}
    finally:
        for timer, connection in watched:
            timer.cancel()
            connection.close()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)


def _first_words(response: httpx.Response) -> str:
    """Return the beginning of an answer. A receiver that answers without end is not read to the end."""
    read = b""
    for chunk in response.iter_raw():
        read += chunk
        if len(read) >= READ_BYTES:
            break
    return read.decode(errors="replace")[:WORDS]
