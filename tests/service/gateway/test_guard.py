"""Where webhooks may go: never into our own network, whatever name or form the address has."""

import socket
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from ipaddress import ip_address
from threading import Event, Thread
from time import monotonic
from typing import Any
from uuid import UUID

import httpx
import pytest

from gateway.exchange import guard
from shared.carriers import push
from shared.errors import BodyInvalid
from shared.records.deliveries import Parcel, parcel_values
from shared.records.journal import canonical
from shared.signing import new_secret

INWARD = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "198.18.0.1",
    "203.0.113.7",
]
OUTWARD = ["8.8.8.8", "1.1.1.1", "223.5.5.5", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]


def test_addresses() -> None:
    assert [text for text in INWARD if guard.is_public(ip_address(text))] == []
    assert [text for text in OUTWARD if not guard.is_public(ip_address(text))] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example.com/hook",
        "https://localhost/hook",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://10.0.0.1:8443/hook",
        "https://desk/hook",
        "https://desk.internal/hook",
        "https://user:word@partner.example.com/hook",
        "https://partner.example.com/hook#part",
        "https://partner.example.com:99999/hook",
        "https:///hook",
        "https://[broken/hook",
    ],
)
def test_refused_in_production(url: str) -> None:
    with pytest.raises(BodyInvalid):
        guard.check_address(url, is_production=True)


@pytest.mark.parametrize("sign", ["\x00", "\r", "\n", "\t", " ", "\x7f"])
@pytest.mark.parametrize("is_production", [True, False])
def test_an_address_with_a_control_character_is_refused(sign: str, is_production: bool) -> None:
    with pytest.raises(BodyInvalid):
        guard.check_address(f"https://partner.example.com/{sign}events", is_production=is_production)


def test_taken() -> None:
    guard.check_address("https://partner.example.com:8443/hook?a=1", is_production=True)
    guard.check_address("https://8.8.8.8/hook", is_production=True)
    for host in ("localhost", "127.0.0.1", "[::1]"):
        guard.check_address(f"http://{host}:9000/hook", is_production=False)
    with pytest.raises(BodyInvalid):
        guard.check_address("http://10.0.0.1/hook", is_production=False)


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name lead to these addresses."""

    def found(_host: str, port: int, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


class TestSending:
    @pytest.mark.parametrize("addresses", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], []])
    def test_a_name_that_leads_inward_is_not_followed(
        self, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
    ) -> None:
        resolving(monkeypatch, *addresses)
        with guard.client(is_production=True) as client, pytest.raises(guard.AddressRefused):
            client.post("https://partner.example.com/hook")

    def test_plain_http_is_not_sent(self) -> None:
        with guard.client(is_production=True) as client, pytest.raises(guard.AddressRefused):
            client.post("http://8.8.8.8/hook")

    def test_goes_to_the_address_that_was_checked_under_the_name_of_the_host(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        resolving(monkeypatch, "8.8.8.8")
        sent: list[httpx.Request] = []

        def answered(_self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return httpx.Response(302, headers={"location": "https://10.0.0.1/"})

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answered)
        with guard.client(is_production=True) as client:
            answer = client.post("https://partner.example.com/hook", content=b"{}")
        assert answer.status_code == 302
        (request,) = sent
        assert request.url.host == "8.8.8.8"
        assert request.headers["host"] == "partner.example.com"
        assert request.extensions["sni_hostname"] == "partner.example.com"


class Dripping:
    """A receiver that answers byte by byte and never ends, after so much of an answer at once."""

    def __init__(self, begins: bytes) -> None:
        self.begins, self.stop = begins, Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.thread = Thread(target=self._serve)

    def __enter__(self) -> str:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.getsockname()[1]}/"

    def __exit__(self, *_raised: object) -> None:
        self.stop.set()
        self.thread.join()
        self.server.close()

    def _serve(self) -> None:
        connection, _ = self.server.accept()
        with connection, suppress(OSError):
            connection.sendall(self.begins)
            while not self.stop.wait(0.02):
                connection.sendall(b"a")


@pytest.mark.parametrize(
    ("begins", "status"), [(b"", 0), (b"HTTP/1.1 200 OK\r\nx-long: ", 0), (b"HTTP/1.1 200 OK\r\n\r\n", 200)]
)
def test_who_answers_without_end_is_cut_off(begins: bytes, status: int) -> None:
    body = canonical({"n": 1})
    values = parcel_values(UUID(int=1), "x", body, line="x", receiver="r", now=datetime.now(UTC))
    parcel = Parcel(**{one.name: values.get(one.name, "") for one in fields(Parcel)} | {"message_id": UUID(int=1)})
    with Dripping(begins) as url, guard.client(is_production=False) as client:
        send = push.carrier(client, lambda _parcel: (url, [new_secret()]), within=0.3)
        began = monotonic()
        answer = send(parcel, datetime.now(UTC))
        assert monotonic() - began < 5
    assert answer.status == status
