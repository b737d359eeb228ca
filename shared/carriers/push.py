"""HTTP push: a message posted with a Standard Webhooks signature, to a room or to a partner's address."""

from collections.abc import Callable, Sequence
from datetime import datetime

import httpx

from shared.records.deliveries import Answer, Parcel
from shared.signing import sign

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
READ_BYTES, WORDS = 4096, 300

Target = tuple[str, Sequence[str]]
"""Address and signing keys."""


def carrier(client: httpx.Client, target_of: Callable[[Parcel], Target]) -> Callable[[Parcel, datetime], Answer]:
    """Return the carrier that posts parcels; `target_of` tells where to and with which keys."""

    def send(parcel: Parcel, now: datetime) -> Answer:
        address, keys = target_of(parcel)
        body = parcel.body.encode()
        headers = sign(body, message_id=str(parcel.message_id), now=now, keys=keys)
        headers["content-type"] = "application/cloudevents+json; charset=utf-8"
        try:
            with client.stream("POST", address, content=body, headers=headers, timeout=TIMEOUT) as response:
                return Answer(response.status_code, _first_words(response))
        except httpx.HTTPError as unreachable:
            return Answer(0, f"{type(unreachable).__name__}: {unreachable}")

    return send


def _first_words(response: httpx.Response) -> str:
    """Return the beginning of an answer. A receiver that answers without end is not read to the end."""
    read = b""
    for chunk in response.iter_raw():
        read += chunk
        if len(read) >= READ_BYTES:
            break
    return read.decode(errors="replace")[:WORDS]
