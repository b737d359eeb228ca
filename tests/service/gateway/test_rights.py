"""Deny by default: every route against no token, an ended one, the wrong role and the wrong agency."""

from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute

from gateway.door import OPEN, Door
from gateway.main import ROUTERS, create_api
from gateway.published import operations
from shared.records.room import Room
from tests.service.gateway.conftest import PASSWORD, Template, TestClock, enter, sign_in

PROXIED = [
    ("GET", f"/v1/{name}")
    for name in ("clues", "hj212", "imports", "series", "detections", "cases", "referrals", "sealed-files", "documents")
]
API = ("/v1/", "/oauth/", "/.well-known/", "/docs")
"""Where a bearer token is asked for; the console's pages, which come by cookie, have tests of their own."""
OWN = [
    (method, route.path)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.path.startswith(API)
    for method in sorted(route.methods or ())
]
CLOSED = [(method, path) for method, path in OWN + PROXIED if method not in OPEN.get(path, ())]
ADMIN = [(method, path) for method, path in CLOSED if path.split("/")[2] in ("people", "clients", "subscriptions")]
NEW_PERSON: dict[str, object] = {
    "login": "new.person",
    "name": "New",
    "agency": "eea-320500",
    "roles": [],
    "password": PASSWORD,
}
BODIES: dict[str, dict[str, object]] = {
    "/v1/people": NEW_PERSON,
    "/v1/clients": {"agency": "eea-320500", "name": "New"},
    "/v1/subscriptions": {"url": "https://partner.example.com/hook", "agency": "eea-320500"},
    "/v1/notice-channels": {"kind": "webhook", "label": "x", "url": "https://partner.example.com/hook"},
    "/v1/notice-failures/retry": {"receiver": f"mail:{uuid4()}"},
    "/v1/calendar-feeds": {},
    "/v1/clients/{client_id}/keys": {"key": "whpk_" + "A" * 43 + "="},
}


def call(http: httpx.Client, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    """Send a well-shaped request to a route, with ids that belong to nobody."""
    address = path
    for name in ("person_id", "client_id", "key_id", "subscription_id", "notice_id", "journey_id"):
        address = address.replace(f"{{{name}}}", str(uuid4()))
    address = address.replace("{number}", "1").replace("{kind}", "terms").replace("{entry_id}", "x")
    body = BODIES.get(path) if method == "POST" else None
    return http.request(method, address, headers=headers, json=body)


def test_the_matrix_sees_the_routes(room: Room) -> None:
    document = create_api(room).openapi()
    documented = {(method.upper(), path) for path, method, _ in operations(document)}
    assert documented <= set(OWN)
    assert len(CLOSED) > 35
    assert len(ADMIN) == 14


def test_without_a_token_nothing_opens(http: httpx.Client) -> None:
    answers = {(method, path): call(http, method, path, {}).status_code for method, path in CLOSED}
    assert set(answers.values()) == {401}, answers


def test_with_an_expired_or_revoked_token_nothing_opens(
    http: httpx.Client, template: Template, clock: TestClock
) -> None:
    revoked = sign_in(http, "officer")
    assert http.delete("/v1/sessions/current", headers=revoked).status_code == 204
    expired = enter(http, template.programs["psb"])
    clock.move(minutes=16)
    for headers in (revoked, expired):
        answers = {(method, path): call(http, method, path, headers).status_code for method, path in CLOSED}
        assert set(answers.values()) == {401}, answers


def test_what_administrators_do_is_not_for_others(http: httpx.Client, template: Template) -> None:
    for headers in (sign_in(http, "officer"), enter(http, template.programs["psb"])):
        answers = {(method, path): call(http, method, path, headers) for method, path in ADMIN}
        assert {answer.status_code for answer in answers.values()} == {403}
        assert {answer.json()["code"] for answer in answers.values()} == {"not-your-step"}


def test_an_address_that_does_not_exist_is_closed_too(http: httpx.Client) -> None:
    for path in ("/", "/v1", "/v1/nothing", "/openapi.json", "/nowhere"):
        assert http.get(path).status_code == 401, path
    assert http.get("/v1/nothing", headers=sign_in(http, "officer")).status_code == 404


class TestWrongAgency:
    @pytest.fixture
    def made(self, http: httpx.Client) -> dict[str, str]:
        """Let the administrator of Suzhou make one of each."""
        keeper = sign_in(http, "keeper")
        found = {}
        for path in ("/v1/people", "/v1/clients", "/v1/subscriptions"):
            answer = http.post(path, json=BODIES[path], headers=keeper)
            assert answer.status_code == 201, answer.text
            found[path] = answer.json()["id"]
        return found

    def steps(self, made: dict[str, str]) -> list[tuple[str, dict[str, object] | None]]:
        """Return every step on what was made."""
        person, client, subscription = made.values()
        return [
            (f"/v1/people/{person}/deactivate", None),
            (f"/v1/clients/{client}/rotate", None),
            (f"/v1/clients/{client}/keys", BODIES["/v1/clients/{client_id}/keys"]),
            (f"/v1/clients/{client}/deactivate", None),
            (f"/v1/subscriptions/{subscription}/rotate", None),
            (f"/v1/subscriptions/{subscription}/end", None),
            (f"/v1/subscriptions/{subscription}/resume", None),
        ]

    @pytest.mark.parametrize("who", ["neighbour", "police"])
    def test_another_agencys_administrator_sees_nothing(
        self, http: httpx.Client, made: dict[str, str], who: str
    ) -> None:
        headers = sign_in(http, who)
        for path, body in self.steps(made):
            assert http.post(path, json=body, headers=headers).status_code == 404, path
        for path, held in made.items():
            assert http.post(path, json=BODIES[path], headers=headers).status_code == 404
            assert held not in http.get(path, headers=headers).text

    @pytest.mark.parametrize("who", ["keeper", "province"])
    def test_ones_own_and_the_provinces_do(self, http: httpx.Client, made: dict[str, str], who: str) -> None:
        headers = sign_in(http, who)
        for path, held in made.items():
            assert held in http.get(path, headers=headers).text
        for path, body in self.steps(made):
            assert http.post(path, json=body, headers=headers).is_success, path

    def test_the_city_does_not_administer_the_province(self, http: httpx.Client) -> None:
        body = {**NEW_PERSON, "agency": "eea-320000"}
        assert http.post("/v1/people", json=body, headers=sign_in(http, "keeper")).status_code == 404


class TestPeople:
    def test_a_login_is_given_once(self, http: httpx.Client) -> None:
        keeper = sign_in(http, "keeper")
        assert http.post("/v1/people", json=NEW_PERSON, headers=keeper).status_code == 201
        again = http.post("/v1/people", json={**NEW_PERSON, "login": "NEW.person"}, headers=keeper)
        assert (again.status_code, again.json()["code"]) == (409, "duplicate-subject")

    @pytest.mark.parametrize(
        "change",
        [
            {"roles": ["king"]},
            {"password": "short"},
            {"password": "new.person12345"},
            {"password": "aaaaaaaaaaaaaa"},
            {"email": "not an address"},
            {"login": "no spaces here"},
            {"unknown": 1},
        ],
    )
    def test_a_shape_that_is_wrong(self, http: httpx.Client, change: dict[str, object]) -> None:
        answer = http.post("/v1/people", json={**NEW_PERSON, **change}, headers=sign_in(http, "keeper"))
        assert (answer.status_code, answer.json()["code"]) == (422, "body-invalid")
        assert answer.json()["errors"]

    def test_nobody_closes_their_own_account(self, http: httpx.Client) -> None:
        keeper = sign_in(http, "keeper")
        own = http.get("/v1/me", headers=keeper).json()["actor"].removeprefix("person:")
        assert http.post(f"/v1/people/{own}/deactivate", headers=keeper).status_code == 403

    def test_pages_go_on_where_the_last_ended(self, http: httpx.Client) -> None:
        province = sign_in(http, "province")
        first = http.get("/v1/people", params={"limit": 2}, headers=province).json()
        second = http.get("/v1/people", params={"limit": 50, "after": first["next"]}, headers=province).json()
        logins = [person["login"] for person in first["items"] + second["items"]]
        assert logins == ["keeper", "neighbour", "officer", "province"]
        assert second["next"] is None
        foreign = http.get("/v1/people", params={"after": "made-up"}, headers=province)
        assert foreign.status_code == 422


def test_the_app_alone_is_closed_without_the_door(door: Door, room: Room) -> None:
    from fastapi.testclient import TestClient as Direct

    with Direct(create_api(room)) as direct:
        assert direct.get("/v1/me").status_code == 401
        assert direct.get("/v1/people").status_code == 401
