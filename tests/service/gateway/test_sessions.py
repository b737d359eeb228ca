"""People signing in and out, and what no longer holds."""

import httpx
import pytest

from gateway.identity.access import Access
from shared.records.room import Room
from tests.service.gateway.conftest import PASSWORD, TestClock
from tests.service.gateway.conftest import sign_in_now as sign_in


class TestSignIn:
    def test_a_person_is_known_by_the_token(self, http: httpx.Client) -> None:
        me = http.get("/v1/me", headers=sign_in(http, "officer")).json()
        assert me["agency"] == "eea-320500"
        assert me["agency_kind"] == "ecological_environment_authority"
        assert me["roles"] == ["case_officer"]
        assert me["actor"].startswith("person:")

    def test_the_login_is_taken_in_any_case(self, http: httpx.Client) -> None:
        answer = http.post("/v1/sessions", json={"login": " Officer ", "password": PASSWORD})
        assert answer.status_code == 201

    def test_a_login_no_database_can_hold_is_refused(self, http: httpx.Client) -> None:
        for login in ("\x00", "officer\x00"):
            answer = http.post("/v1/sessions", json={"login": login, "password": PASSWORD})
            assert (answer.status_code, answer.json()["code"]) == (422, "body-invalid")

    def test_a_wrong_password_and_an_unknown_login_are_told_the_same(self, http: httpx.Client) -> None:
        wrong = http.post("/v1/sessions", json={"login": "officer", "password": "not this one"})
        unknown = http.post("/v1/sessions", json={"login": "nobody", "password": "not this one"})
        assert wrong.status_code == unknown.status_code == 401
        assert wrong.json() == unknown.json()
        assert wrong.headers["content-type"] == "application/problem+json"

    def test_an_unknown_login_takes_as_long_as_a_wrong_password(self, http: httpx.Client) -> None:
        def fastest(login: str) -> float:
            answers = [http.post("/v1/sessions", json={"login": login, "password": "not this"}) for _ in range(4)]
            return min(answer.elapsed.total_seconds() for answer in answers)

        fastest("somebody")  # the hash that stands in for nobody is made on first use
        assert fastest("nobody") > 0.5 * fastest("officer")

    @pytest.mark.parametrize("login", ["officer", "nobody"])
    def test_failures_are_counted_per_login_whether_or_not_it_exists(self, http: httpx.Client, login: str) -> None:
        answers = [http.post("/v1/sessions", json={"login": login, "password": "wrong"}) for _ in range(9)]
        assert [answer.status_code for answer in answers] == [401] * 8 + [429]
        assert int(answers[-1].headers["retry-after"]) > 0
        right = http.post("/v1/sessions", json={"login": login, "password": PASSWORD})
        assert right.status_code == 429
        assert http.post("/v1/sessions", json={"login": "keeper", "password": PASSWORD}).status_code == 201

    def test_refusals_are_in_the_readers_language(self, http: httpx.Client) -> None:
        answer = http.get("/v1/me", headers={"accept-language": "zh-CN,zh;q=0.9,en;q=0.5"})
        assert answer.json()["title"] == "未登录或登录已失效"
        assert http.get("/v1/me").json()["title"] == "Not signed in, or the sign-in has expired"
        assert answer.headers["www-authenticate"] == "Bearer"


class TestEnd:
    def test_after_twelve_hours(self, http: httpx.Client, clock: TestClock) -> None:
        headers = sign_in(http, "officer")
        clock.move(hours=11, minutes=59)
        assert http.get("/v1/me", headers=headers).status_code == 200
        clock.move(minutes=2)
        assert http.get("/v1/me", headers=headers).status_code == 401

    def test_signing_out(self, http: httpx.Client) -> None:
        headers, other = sign_in(http, "officer"), sign_in(http, "officer")
        assert http.delete("/v1/sessions/current", headers=headers).status_code == 204
        assert http.get("/v1/me", headers=headers).status_code == 401
        assert http.get("/v1/me", headers=other).status_code == 200

    def test_a_closed_account_is_out_at_once(self, http: httpx.Client) -> None:
        headers, keeper = sign_in(http, "officer"), sign_in(http, "keeper")
        people = http.get("/v1/people", headers=keeper).json()["items"]
        officer = next(person for person in people if person["login"] == "officer")
        assert http.get("/v1/me", headers=headers).status_code == 200
        closed = http.post(f"/v1/people/{officer['id']}/deactivate", headers=keeper)
        assert closed.json()["active"] is False
        assert http.get("/v1/me", headers=headers).status_code == 401
        again = http.post("/v1/sessions", json={"login": "officer", "password": PASSWORD})
        assert again.status_code == 401

    def test_another_process_sees_it_within_half_a_minute(
        self, http: httpx.Client, room: Room, clock: TestClock
    ) -> None:
        headers = sign_in(http, "officer")
        authorization = headers["authorization"].encode()
        elsewhere = Access(room)
        elsewhere.admit(authorization, clock())
        assert http.delete("/v1/sessions/current", headers=headers).status_code == 204
        assert elsewhere.known(authorization, clock()) is not None
        clock.move(seconds=30)
        assert elsewhere.known(authorization, clock()) is None

    def test_a_changed_password_ends_every_sign_in(self, http: httpx.Client) -> None:
        headers, other = sign_in(http, "officer"), sign_in(http, "officer")
        body = {"current": PASSWORD, "new": "snow over Taihu 8"}
        assert http.put("/v1/me/password", json=body, headers=headers).status_code == 204
        assert {http.get("/v1/me", headers=given).status_code for given in (headers, other)} == {401}
        assert http.post("/v1/sessions", json={"login": "officer", "password": PASSWORD}).status_code == 401
        renewed = {"login": "officer", "password": "snow over Taihu 8"}
        assert http.post("/v1/sessions", json=renewed).status_code == 201

    def test_the_current_password_must_be_known_to_change_it(self, http: httpx.Client) -> None:
        headers = sign_in(http, "officer")
        body = {"current": "a guess", "new": "snow over Taihu 8"}
        assert http.put("/v1/me/password", json=body, headers=headers).status_code == 401
        assert http.get("/v1/me", headers=headers).status_code == 200


class TestWhatIsStored:
    def test_neither_token_nor_password(self, http: httpx.Client, room: Room) -> None:
        token = sign_in(http, "officer")["authorization"].removeprefix("Bearer ")
        with room.reading() as session:
            stored = session.connection().exec_driver_sql("SELECT * FROM person_sessions").all()
            people = session.connection().exec_driver_sql("SELECT password_hash FROM people").all()
            entries = session.connection().exec_driver_sql("SELECT body FROM entries").all()
        assert token not in str(stored) + str(entries)
        assert PASSWORD not in str(people) + str(entries)
        assert all(row[0].startswith("$argon2id$") for row in people)

    def test_every_act_is_in_the_persons_chain(self, http: httpx.Client, room: Room) -> None:
        headers = sign_in(http, "officer")
        actor = http.get("/v1/me", headers=headers).json()["actor"]
        http.delete("/v1/sessions/current", headers=headers)
        with room.reading() as session:
            statement = f"SELECT type FROM entries WHERE subject = '{actor}' ORDER BY seq"
            types = [row[0] for row in session.connection().exec_driver_sql(statement)]
        assert types == ["person.added", "person.signed_in", "person.signed_in", "person.signed_out"]
