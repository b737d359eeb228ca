"""The signed door for partners: genuine once, forged never, nothing lost when the room is down."""

import base64
from datetime import UTC

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

from gateway.door import Door
from shared.records.room import Room
from tests.service.gateway.conftest import Program, Template, TestClock, enter, sign_in
from tests.service.gateway.posting import partner_message, signed
from tests.service.gateway.serving import Seen, Toy, json_answer

TARGET = "/internal/inbound"


@pytest.fixture
def psb(template: Template) -> Program:
    """The police's program."""
    return template.programs["psb"]


@pytest.fixture
def token(http: httpx.Client, psb: Program) -> dict[str, str]:
    """The program's access token."""
    return enter(http, psb)


@pytest.fixture
def taking(toy: Toy) -> Toy:
    """Let the referral room take messages."""
    toy.answers[TARGET] = json_answer({"state": "received"})
    return toy


def handed(toy: Toy) -> list[Seen]:
    """Return what reached the referral room's inner door."""
    return [seen for seen in toy.seen if seen.target == TARGET]


class TestTaken:
    def test_byte_for_byte_in_the_partners_name(
        self, http: httpx.Client, token: dict[str, str], psb: Program, taking: Toy, clock: TestClock
    ) -> None:
        body = b'  {"specversion": "1.0",  "odd" : "spacing"}\n'
        answer = http.post("/v1/inbound", content=body, headers={**token, **signed(body, "m1", clock(), psb.signing)})
        assert (answer.status_code, answer.json()) == (200, {"state": "received"})
        (seen,) = handed(taking)
        assert seen.body == body
        assert seen.header("content-type") == "application/cloudevents+json"
        assert seen.header("x-lianqin-message-id") == "m1"
        assert seen.header("x-lianqin-identity")

    def test_signed_by_the_reference_library(
        self, http: httpx.Client, token: dict[str, str], psb: Program, taking: Toy, clock: TestClock
    ) -> None:
        body, at = partner_message().decode(), clock().astimezone(UTC)
        headers = {
            "webhook-id": "m1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(psb.signing).sign("m1", at, body),
        }
        assert http.post("/v1/inbound", content=body, headers={**token, **headers}).status_code == 200

    def test_signed_by_a_registered_ed25519_key(
        self, http: httpx.Client, token: dict[str, str], psb: Program, taking: Toy, clock: TestClock
    ) -> None:
        private = Ed25519PrivateKey.generate()
        public = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
        mine = "whsk_" + base64.b64encode(private.private_bytes_raw()).decode()
        body = partner_message()
        headers = {**token, **signed(body, "m1", clock(), mine)}
        assert http.post("/v1/inbound", content=body, headers=headers).status_code == 401
        police = sign_in(http, "police")
        keys = http.post(f"/v1/clients/{psb.id}/keys", json={"key": public}, headers=police).json()["keys"]
        assert http.post("/v1/inbound", content=body, headers=headers).status_code == 200
        key = next(key for key in keys if key["public_key"] == public)
        http.post(f"/v1/clients/{psb.id}/keys/{key['id']}/end", headers=police)
        headers = {**token, **signed(body, "m2", clock(), mine)}
        assert http.post("/v1/inbound", content=body, headers=headers).status_code == 401

    def test_while_keys_change_over_both_hold(
        self, http: httpx.Client, psb: Program, taking: Toy, clock: TestClock
    ) -> None:
        rotated = http.post(f"/v1/clients/{psb.id}/rotate", headers=sign_in(http, "police")).json()
        fresh = Program(psb.id, rotated["client_secret"], rotated["signing_secret"], psb.agency)
        token, body = enter(http, fresh), partner_message()
        for number, key in enumerate((psb.signing, fresh.signing)):
            headers = {**token, **signed(body, f"m{number}", clock(), key)}
            assert http.post("/v1/inbound", content=body, headers=headers).status_code == 200

    def test_the_answer_is_in_the_log(
        self, http: httpx.Client, token: dict[str, str], psb: Program, taking: Toy, clock: TestClock
    ) -> None:
        body = partner_message()
        http.post("/v1/inbound", content=body, headers={**token, **signed(body, "m1", clock(), psb.signing)})
        (line,) = http.get("/v1/messages", headers=token).json()["items"]
        assert (line["direction"], line["message_id"], line["type"]) == ("in", "m1", "partner.receipt")
        assert (line["status"], line["subject"]) == (200, "referral:1")
        whole = http.get(f"/v1/messages/{line['sequence']}", headers=token).json()
        assert whole["body"].encode() == body
        assert whole["answer"] == '{"state":"received"}'

    def test_a_refusal_of_the_room_is_the_answer(
        self, http: httpx.Client, token: dict[str, str], psb: Program, toy: Toy, clock: TestClock
    ) -> None:
        toy.answers[TARGET] = json_answer({"code": "step-refused"}, status=409)
        body = partner_message()
        answer = http.post("/v1/inbound", content=body, headers={**token, **signed(body, "m1", clock(), psb.signing)})
        assert (answer.status_code, answer.json()["code"]) == (409, "step-refused")


class TestRefused:
    def test_whatever_is_not_genuine(
        self, http: httpx.Client, token: dict[str, str], template: Template, taking: Toy, clock: TestClock
    ) -> None:
        body, psb, other = partner_message(), template.programs["psb"], template.programs["pro"]
        good = signed(body, "m1", clock(), psb.signing)
        bad = {
            "another program's key": signed(body, "m1", clock(), other.signing),
            "tampered with": signed(body.replace(b"7", b"8"), "m1", clock(), psb.signing),
            "another id": {**good, "webhook-id": "m2"},
            "another time": {**good, "webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)},
            "stale": signed(body, "m1", clock(), psb.signing, late=-301),
            "from the future": signed(body, "m1", clock(), psb.signing, late=301),
            "without a signature": {"webhook-id": "m1", "webhook-timestamp": good["webhook-timestamp"]},
            "with words for a time": {**good, "webhook-timestamp": "today"},
            "with a broken signature": {**good, "webhook-signature": "v1,%%%"},
        }
        for why, headers in bad.items():
            answer = http.post("/v1/inbound", content=body, headers={**token, **headers})
            assert (answer.status_code, answer.json()["code"]) == (401, "signature-invalid"), why
        assert handed(taking) == []
        assert http.get("/v1/messages", headers=token).json()["items"] == []
        assert http.post("/v1/inbound", content=body, headers={**token, **good}).status_code == 200

    def test_a_signature_without_a_token(self, http: httpx.Client, psb: Program, taking: Toy, clock: TestClock) -> None:
        body = partner_message()
        answer = http.post("/v1/inbound", content=body, headers=signed(body, "m1", clock(), psb.signing))
        assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")

    def test_a_person(self, http: httpx.Client, psb: Program, taking: Toy, clock: TestClock) -> None:
        body = partner_message()
        headers = {**sign_in(http, "police"), **signed(body, "m1", clock(), psb.signing)}
        assert http.post("/v1/inbound", content=body, headers=headers).status_code == 403

    def test_a_replay_names_the_first_answer(
        self, http: httpx.Client, token: dict[str, str], psb: Program, taking: Toy, clock: TestClock
    ) -> None:
        body = partner_message()
        headers = {**token, **signed(body, "m1", clock(), psb.signing)}
        assert http.post("/v1/inbound", content=body, headers=headers).status_code == 200
        again = http.post("/v1/inbound", content=body, headers=headers)
        assert (again.status_code, again.json()["code"]) == (409, "message-replayed")
        assert (again.json()["first_status"], again.json()["same_content"]) == (200, True)
        other = partner_message()
        headers = {**token, **signed(other, "m1", clock(), psb.signing)}
        changed = http.post("/v1/inbound", content=other, headers=headers)
        assert (changed.status_code, changed.json()["same_content"]) == (409, False)
        assert len(handed(taking)) == 1

    def test_two_programs_may_use_one_id(
        self, http: httpx.Client, template: Template, taking: Toy, clock: TestClock
    ) -> None:
        body = partner_message()
        for program in template.programs.values():
            headers = {**enter(http, program), **signed(body, "m1", clock(), program.signing)}
            assert http.post("/v1/inbound", content=body, headers=headers).status_code == 200


class TestRoomDown:
    @pytest.mark.parametrize("status", [500, 503, 429])
    def test_nothing_is_recorded_and_the_partner_tries_again(
        self, http: httpx.Client, token: dict[str, str], psb: Program, toy: Toy, clock: TestClock, status: int
    ) -> None:
        toy.answers[TARGET] = json_answer({}, status=status)
        body = partner_message()
        headers = {**token, **signed(body, "m1", clock(), psb.signing)}
        answer = http.post("/v1/inbound", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "room-unavailable")
        assert http.get("/v1/messages", headers=token).json()["items"] == []
        toy.answers[TARGET] = json_answer({"state": "received"})
        assert http.post("/v1/inbound", content=body, headers=headers).status_code == 200

    def test_not_reachable_at_all(
        self, http: httpx.Client, token: dict[str, str], psb: Program, door: Door, room: Room, clock: TestClock
    ) -> None:
        door._proxy._upstream._bases["referral"] = "http://127.0.0.1:9"
        body = partner_message()
        headers = {**token, **signed(body, "m1", clock(), psb.signing)}
        assert http.post("/v1/inbound", content=body, headers=headers).status_code == 503
        assert http.get("/v1/messages", headers=token).json()["items"] == []
