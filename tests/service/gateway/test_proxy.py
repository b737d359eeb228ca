"""Passing on: bytes both ways as they come, nothing smuggled, clear words when a room is down."""

import hashlib
import resource
import socket
from collections.abc import Iterator

import httpx
import pytest

from gateway.door import Door
from shared.identity import verify_assertion
from shared.records.room import Room
from tests.service.gateway.conftest import TestClock, sign_in
from tests.service.gateway.serving import Toy

MB = 1024 * 1024
AMBIGUOUS = (
    "/v1/cases/../../internal/events",
    "/v1/cases/%2e%2e/%2e%2e/internal/events",
    "/v1/cases/..%2f..%2finternal/events",
    "/v1/cases/%2E./internal",
    "/v1//cases",
    "//v1/cases",
    "/v1/cases//internal/events",
    "/v1/cases/%252e%252e/health",
    "/v1/cases\\..\\internal",
    "/v1/cases/%5c..%5cinternal",
    "/v1/cases/a%00b",
    "/v1/cases/a%3bb",
    "/v1/cases/a%3Fb",
    "/v1/cases/./health",
    "/v1/cases/",
)


@pytest.fixture
def officer(http: httpx.Client) -> dict[str, str]:
    """Sign the case officer of Suzhou in."""
    return sign_in(http, "officer")


def raw(address: str, request: bytes) -> bytes:
    """Send bytes as they are and return everything that comes back."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def peak() -> int:
    """Return the highest memory this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class TestPassingOn:
    def test_every_prefix_reaches_its_room(self, http: httpx.Client, officer: dict[str, str], toy: Toy) -> None:
        for path in ("clues", "hj212/packets", "imports", "series/x", "detections", "cases", "referrals"):
            answer = http.get(f"/v1/{path}?state=open&after=%E8%8B%8F", headers=officer)
            assert answer.json()["target"] == f"/v1/{path}?state=open&after=%E8%8B%8F"
            assert answer.headers["etag"] == '"7"'
        assert len(toy.seen) == 7

    def test_every_method(self, http: httpx.Client, officer: dict[str, str], toy: Toy) -> None:
        methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]
        answers = [http.request(method, "/v1/cases/1", headers=officer) for method in methods]
        assert {answer.status_code for answer in answers} == {200}
        assert [seen.method for seen in toy.seen] == methods

    def test_who_asks_is_said_under_signature(
        self, http: httpx.Client, officer: dict[str, str], toy: Toy, room: Room, clock: TestClock
    ) -> None:
        http.get("/v1/cases", headers=officer)
        assertion = toy.seen[0].header("x-lianqin-identity")
        principal, ends = verify_assertion(str(assertion), secret=room.settings.internal_secret, now=clock())
        assert (principal.agency, principal.roles) == ("eea-320500", frozenset({"case_officer"}))
        assert ends > clock()

    def test_the_assertion_is_signed_once_and_renewed_before_it_ends(
        self, http: httpx.Client, officer: dict[str, str], toy: Toy, clock: TestClock
    ) -> None:
        for seconds in (0, 60, 200):
            clock.move(seconds=seconds)
            http.get("/v1/cases", headers=officer)
        first, second, third = (seen.header("x-lianqin-identity") for seen in toy.seen)
        assert first == second != third

    def test_headers_of_the_request(self, http: httpx.Client, officer: dict[str, str], toy: Toy) -> None:
        given = {
            "idempotency-key": "k1",
            "if-match": '"3"',
            "content-type": "application/json; charset=utf-8",
            "cookie": "session=x",
            "connection": "keep-alive, x-private",
            "x-private": "1",
            "te": "trailers",
        }
        http.post("/v1/cases", content=b"{}", headers={**officer, **given})
        seen = toy.seen[0]
        assert seen.header("idempotency-key") == "k1"
        assert seen.header("if-match") == '"3"'
        assert seen.header("content-type") == "application/json; charset=utf-8"
        assert not {"cookie", "authorization", "x-private", "te"} & {name for name, _ in seen.headers}

    def test_no_body_and_status_of_a_refusal(self, http: httpx.Client, officer: dict[str, str], toy: Toy) -> None:
        toy.answers["/v1/cases/1/file"] = lambda _seen: (204, {}, b"")
        assert http.post("/v1/cases/1/file", headers=officer).status_code == 204
        toy.answers["/v1/cases/1/file"] = lambda _seen: (409, {"content-type": "application/problem+json"}, b"{}")
        answer = http.post("/v1/cases/1/file", headers=officer)
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
        assert [seen.size for seen in toy.seen] == [0, 0]


class TestSmuggling:
    def test_nobody_says_who_they_are_but_the_gateway(
        self, http: httpx.Client, officer: dict[str, str], toy: Toy
    ) -> None:
        forged = {"x-lianqin-identity": "forged", "X_Lianqin_Identity": "forged", "x-lianqin-message-id": "1"}
        http.get("/v1/cases", headers={**officer, **forged, "x-forwarded-for": "10.0.0.1", "forwarded": "for=10.0.0.1"})
        values = [value for _, value in toy.seen[0].headers]
        assert "forged" not in values
        assert not [name for name, _ in toy.seen[0].headers if name.startswith(("x-forwarded", "forwarded"))]
        assert len([name for name, _ in toy.seen[0].headers if "lianqin" in name]) == 1

    def test_paths_that_mean_two_things(self, address: str, officer: dict[str, str], toy: Toy) -> None:
        for target in AMBIGUOUS:
            head = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {officer['authorization']}\r\n"
            answer = raw(address, f"{head}Connection: close\r\n\r\n".encode())
            assert answer.split(b" ")[1] in (b"400", b"404"), target
        assert toy.seen == []

    def test_what_is_only_for_the_inside(self, address: str, officer: dict[str, str], toy: Toy) -> None:
        for path in ("/internal/events", "/internal/inbound", "/health", "/openapi.json"):
            head = f"POST http://127.0.0.1:1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: {officer['authorization']}\r\n"
            answer = raw(address, f"{head}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
            assert answer.split(b" ")[1] in (b"401", b"404", b"405"), path
        assert toy.seen == []

    def test_an_absolute_target_goes_to_our_room_all_the_same(
        self, address: str, officer: dict[str, str], toy: Toy
    ) -> None:
        head = f"GET http://example.com/v1/cases HTTP/1.1\r\nHost: x\r\nAuthorization: {officer['authorization']}\r\n"
        answer = raw(address, f"{head}Connection: close\r\n\r\n".encode())
        assert answer.split(b" ")[1] == b"200"
        assert toy.seen[0].target == "/v1/cases"

    def test_two_lengths(self, address: str, officer: dict[str, str], toy: Toy) -> None:
        head = f"POST /v1/cases HTTP/1.1\r\nHost: x\r\nAuthorization: {officer['authorization']}\r\n"
        both = (
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nGET /internal/events"
        )
        assert raw(address, (head + both).encode()).split(b" ")[1] == b"400"
        assert toy.seen == []


class TestLargeBodies:
    def test_fifty_megabytes_in_with_flat_memory(self, http: httpx.Client, officer: dict[str, str], toy: Toy) -> None:
        piece = bytes(range(256)) * 256
        digest = hashlib.sha256()

        def pieces() -> Iterator[bytes]:
            for _ in range(50 * 16):
                digest.update(piece)
                yield piece

        before = peak()
        answer = http.post("/v1/cases/1/evidence", content=pieces(), headers=officer)
        assert answer.json()["size"] == 50 * MB
        assert answer.json()["sha256"] == digest.hexdigest()
        assert peak() - before < 25 * MB

    def test_fifty_megabytes_out_with_flat_memory(self, http: httpx.Client, officer: dict[str, str], toy: Toy) -> None:
        toy.stream_bytes = 50 * MB
        before, size = peak(), 0
        with http.stream("GET", "/v1/cases/1/evidence/2/content", headers=officer) as answer:
            assert answer.headers["content-length"] == str(50 * MB)
            for chunk in answer.iter_raw():
                size += len(chunk)
        assert size == 50 * MB
        assert peak() - before < 25 * MB

    def test_a_reader_who_leaves_stops_the_room(self, http: httpx.Client, officer: dict[str, str], toy: Toy) -> None:
        toy.stream_bytes = 200 * MB
        with http.stream("GET", "/v1/cases/1/evidence/2/content", headers=officer) as answer:
            next(answer.iter_raw())
        assert toy.gone_early.wait(10)
        assert toy.sent_bytes < 200 * MB

    def test_a_room_that_breaks_off_breaks_the_connection(
        self, http: httpx.Client, officer: dict[str, str], toy: Toy
    ) -> None:
        toy.stream_bytes, toy.breaks_after = 10 * MB, MB
        with (
            pytest.raises(httpx.RemoteProtocolError),
            http.stream("GET", "/v1/cases/1/evidence/2/content", headers=officer) as answer,
        ):
            for _ in answer.iter_raw():
                pass


class TestLimits:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        """Take little."""
        return {"body_limit_bytes": 1000, "evidence_limit_bytes": 5000}

    @pytest.mark.parametrize(
        ("path", "limit"),
        [("/v1/cases", 1000), ("/v1/cases/1/evidence", 5000), ("/v1/hj212/packets", 5000), ("/v1/imports", 5000)],
    )
    @pytest.mark.parametrize("is_chunked", [False, True])
    def test_one_byte_too_many(
        self, http: httpx.Client, officer: dict[str, str], path: str, limit: int, is_chunked: bool
    ) -> None:
        def send(size: int) -> httpx.Response:
            content = iter([bytes(size - 10), bytes(10)]) if is_chunked else bytes(size)
            return http.post(path, content=content, headers=officer)

        assert send(limit).status_code == 200
        refused = send(limit + 1)
        assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")
        assert refused.json()["limit_bytes"] == limit

    def test_the_gateways_own_addresses(self, http: httpx.Client, officer: dict[str, str]) -> None:
        assert http.post("/v1/inbound", content=bytes(1001), headers=officer).status_code == 413
        chunks = iter([bytes(800), bytes(800)])
        assert http.post("/v1/inbound", content=chunks, headers=officer).status_code == 413


class TestRoomDown:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        """Let nobody listen where the case room should."""
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            return {"case_url": f"http://127.0.0.1:{unused.getsockname()[1]}"}

    @pytest.mark.parametrize(("language", "words"), [("zh-CN", "案件服务"), ("en", "The case room")])
    def test_says_so(self, http: httpx.Client, officer: dict[str, str], language: str, words: str) -> None:
        answer = http.post("/v1/cases", json={}, headers={**officer, "accept-language": language})
        assert (answer.status_code, answer.json()["code"]) == (503, "room-unavailable")
        assert words in answer.json()["detail"]
        assert answer.headers["retry-after"] == "5"

    def test_the_others_go_on(self, http: httpx.Client, officer: dict[str, str]) -> None:
        assert http.get("/v1/clues", headers=officer).status_code == 200


class TestRate:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        """Allow five requests a minute."""
        return {"requests_per_minute": 5}

    def test_is_counted_per_person(self, http: httpx.Client, officer: dict[str, str]) -> None:
        keeper = sign_in(http, "keeper")
        answers = [http.get("/v1/cases", headers=officer) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[-1].json()["code"] == "too-many-requests"
        assert 0 < int(answers[-1].headers["retry-after"]) <= 60
        assert http.get("/v1/cases", headers=keeper).status_code == 200

    def test_unknown_tokens_are_counted_per_address(self, http: httpx.Client, door: Door) -> None:
        guess = {"authorization": "Bearer lqs_guess"}
        answers = {http.get("/v1/cases", headers=guess).status_code for _ in range(320)}
        assert answers == {401, 429}
