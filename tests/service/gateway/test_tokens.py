"""Access tokens of programs: how they are fetched (RFC 6749), what they say, and what no longer holds."""

import base64

import httpx
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from gateway.door import Door
from gateway.identity.tokens import TokenKeys
from shared.records.room import Room
from tests.service.gateway.conftest import Program, Template, TestClock, enter, sign_in

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def psb(template: Template) -> Program:
    """The police's program."""
    return template.programs["psb"]


class TestFetching:
    def test_with_basic(self, http: httpx.Client, psb: Program) -> None:
        answer = http.post("/oauth/token", data=GRANT, auth=(psb.id, psb.secret))
        assert answer.status_code == 200
        said = answer.json()
        assert (said["token_type"], said["expires_in"], said["scope"]) == ("Bearer", 900, "liaison")
        assert answer.headers["cache-control"] == "no-store"

    def test_with_the_form(self, http: httpx.Client, psb: Program) -> None:
        form = {**GRANT, "client_id": psb.id, "client_secret": psb.secret}
        assert http.post("/oauth/token", data=form).status_code == 200

    def test_the_token_verifies_with_the_published_keys(self, http: httpx.Client, psb: Program) -> None:
        token = enter(http, psb)["authorization"].removeprefix("Bearer ")
        keys = KeySet.import_key_set(http.get("/.well-known/jwks.json").json())
        decoded = jwt.decode(token, keys, algorithms=["ES256"])
        assert decoded.claims["sub"] == psb.id
        assert decoded.claims["agency"] == "psb-320500"
        assert "d" not in http.get("/.well-known/jwks.json").json()["keys"][0]

    def test_the_metadata_names_the_endpoints(self, http: httpx.Client) -> None:
        said = http.get("/.well-known/oauth-authorization-server").json()
        assert said["token_endpoint"].endswith("/oauth/token")
        assert said["grant_types_supported"] == ["client_credentials"]

    @pytest.mark.parametrize(
        ("form", "status", "error"),
        [
            ({}, 400, "invalid_request"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({**GRANT, "scope": "administrator"}, 400, "invalid_scope"),
        ],
    )
    def test_refusals_have_the_shape_of_the_rfc_and_ours(
        self, http: httpx.Client, psb: Program, form: dict[str, str], status: int, error: str
    ) -> None:
        answer = http.post("/oauth/token", data=form, auth=(psb.id, psb.secret))
        said = answer.json()
        assert (answer.status_code, said["error"], said["status"]) == (status, error, status)
        assert said["error_description"]
        assert said["code"] == "body-invalid"

    @pytest.mark.parametrize("secret", ["wrong", ""])
    @pytest.mark.parametrize("who", ["psb", "nobody", "not-an-id"])
    def test_wrong_credentials(self, http: httpx.Client, psb: Program, who: str, secret: str) -> None:
        name = {"psb": psb.id, "nobody": "00000000-0000-7000-8000-000000000000"}.get(who, who)
        answer = http.post("/oauth/token", data=GRANT, auth=(name, secret))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")

    @pytest.mark.parametrize(
        "body",
        [b"grant_type=client_credentials&grant_type=x", b"\xff\xfe", b"&&&=&", b"a" * 5],
    )
    def test_a_body_that_is_no_form(self, http: httpx.Client, psb: Program, body: bytes) -> None:
        answer = http.post("/oauth/token", content=body, auth=(psb.id, psb.secret))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_credentials_shown_twice(self, http: httpx.Client, psb: Program) -> None:
        form = {**GRANT, "client_id": psb.id, "client_secret": psb.secret}
        answer = http.post("/oauth/token", data=form, auth=(psb.id, psb.secret))
        assert answer.json()["error"] == "invalid_request"

    def test_guessing_is_stopped(self, http: httpx.Client, psb: Program) -> None:
        answers = [http.post("/oauth/token", data=GRANT, auth=(psb.id, "guess")) for _ in range(9)]
        assert [answer.status_code for answer in answers] == [401] * 8 + [429]


class TestHolding:
    def test_for_fifteen_minutes(self, http: httpx.Client, psb: Program, clock: TestClock) -> None:
        headers = enter(http, psb)
        clock.move(minutes=14)
        assert http.get("/v1/me", headers=headers).status_code == 200
        clock.move(minutes=1)
        assert http.get("/v1/me", headers=headers).status_code == 401

    def test_fewer_roles_when_fewer_were_asked_for(self, http: httpx.Client, psb: Program) -> None:
        assert http.get("/v1/me", headers=enter(http, psb, scope="liaison")).json()["roles"] == ["liaison"]

    def test_not_after_the_secret_was_rotated(self, http: httpx.Client, psb: Program) -> None:
        headers, police = enter(http, psb), sign_in(http, "police")
        rotated = http.post(f"/v1/clients/{psb.id}/rotate", headers=police).json()
        assert http.get("/v1/me", headers=headers).status_code == 401
        assert http.post("/oauth/token", data=GRANT, auth=(psb.id, psb.secret)).status_code == 401
        assert http.post("/oauth/token", data=GRANT, auth=(psb.id, rotated["client_secret"])).status_code == 200

    def test_not_after_the_program_was_closed(self, http: httpx.Client, psb: Program) -> None:
        headers, police = enter(http, psb), sign_in(http, "police")
        assert http.post(f"/v1/clients/{psb.id}/deactivate", headers=police).status_code == 200
        assert http.get("/v1/me", headers=headers).status_code == 401

    def test_not_when_changed(self, http: httpx.Client, psb: Program) -> None:
        head, claims, signature = enter(http, psb)["authorization"].removeprefix("Bearer ").split(".")
        said = orjson.loads(base64.urlsafe_b64decode(claims + "=="))
        forged = base64.urlsafe_b64encode(orjson.dumps({**said, "scope": "administrator"})).decode().rstrip("=")
        for token in (f"{head}.{forged}.{signature}", f"{head}.{claims}.{signature[:-4]}AAAA", f"{head}.{claims}."):
            assert http.get("/v1/me", headers={"authorization": f"Bearer {token}"}).status_code == 401

    def test_not_with_an_algorithm_of_the_bearers_choice(self, http: httpx.Client, psb: Program) -> None:
        _, claims, _ = enter(http, psb)["authorization"].removeprefix("Bearer ").split(".")
        head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        answer = http.get("/v1/me", headers={"authorization": f"Bearer {head}.{claims}."})
        assert answer.status_code == 401

    @pytest.mark.parametrize("given", ["", "Bearer", "Basic abc", "Bearer a.b.c", "Bearer lqs_x", "Bearer ä"])
    def test_not_at_all(self, http: httpx.Client, given: str) -> None:
        assert http.get("/v1/me", headers={b"authorization": given.encode()}).status_code == 401

    def test_a_new_signing_key_lets_the_old_tokens_end_in_peace(
        self, http: httpx.Client, psb: Program, door: Door, clock: TestClock
    ) -> None:
        headers = enter(http, psb)
        keys: TokenKeys = door._access.keys
        newest = keys.rotate()
        clock.move(seconds=31)
        assert http.get("/v1/me", headers=headers).status_code == 200
        kids = [key["kid"] for key in http.get("/.well-known/jwks.json").json()["keys"]]
        assert len(kids) == 2
        assert kids[-1] == newest
        clock.move(minutes=16)
        assert [key["kid"] for key in http.get("/.well-known/jwks.json").json()["keys"]] == [newest]

    def test_the_private_key_is_sealed_in_the_database(self, http: httpx.Client, psb: Program, room: Room) -> None:
        enter(http, psb)
        with room.reading() as session:
            (sealed,) = session.connection().exec_driver_sql("SELECT sealed FROM token_keys").one()
        assert "PRIVATE" not in sealed
