"""The journal: every change of a stored entry is named, versions are chains' lengths, racing writers never fork it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from shared.records.verifying import verify_room
from tests import journeys
from tests.desk import officer
from tests.journeys import OFFICER


def broken(desk, room="case"):
    with desk.rooms[room].reading() as session:
        count, found = verify_room(session, desk.rooms[room].subjects)
    assert count > 0
    return found


def tamper(desk, statement, **values):
    with desk.rooms["case"].transaction() as session:
        assert session.execute(text(statement), values).rowcount >= 1


class TestVerify:
    def test_an_honest_room_verifies(self, desk):
        journeys.receipted_referral(desk)
        for room in desk.rooms:
            assert broken(desk, room) == []

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE entries SET body = replace(body, 'eea-320500', 'eea-320600') WHERE seq = 2",
            "UPDATE entries SET hash = substr(hash, 2) || '0' WHERE seq = 2 AND substr(hash, 2) || '0' <> hash",
            "UPDATE entries SET prev = '' WHERE seq = 2",
            "UPDATE entries SET seq = 99 WHERE seq = 2",
            "DELETE FROM entries WHERE seq = 2",
            "DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries WHERE subject LIKE 'case:%')",
            "UPDATE cases SET version = version + 1",
            "UPDATE entries SET agency = 'eea-320600' WHERE seq = 2",
            "UPDATE entries SET type = 'case.invented' WHERE seq = 2",
            "UPDATE entries SET actor = 'nobody' WHERE seq = 2",
        ],
    )
    def test_every_change_is_named(self, desk, statement):
        journeys.filed_case(desk)
        tamper(desk, statement)
        assert broken(desk) != []


class TestRacing:
    def test_two_officers_at_once_never_fork_the_chain(self, desk):
        case = journeys.filed_case(desk)
        path = f"/v1/cases/{case['id']}"

        def write(number):
            fact = {"facts": {"illegal_gains": {"value": number, "unit": "CNY"}}}
            return desk.call(OFFICER, "POST", f"{path}/record", json=fact).status_code

        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(write, range(12)))
        assert set(statuses) <= {200, 409}
        assert statuses.count(200) >= 4
        assert broken(desk) == []
        journal = desk.get(OFFICER, f"{path}/journal", params={"limit": 200})["items"]
        assert [entry["seq"] for entry in journal] == list(range(1, len(journal) + 1))

    def test_a_stale_if_match_is_refused_and_nothing_changes(self, desk):
        case = journeys.filed_case(desk)
        path = f"/v1/cases/{case['id']}"
        body = {"finding": "violation", "proposal": "罚款"}
        answer = desk.call(OFFICER, "POST", f"{path}/conclude", json=body, headers={"if-match": '"1"'})
        assert answer.status_code == 412
        assert answer.json()["code"] == "precondition-failed"
        assert desk.get(OFFICER, path)["version"] == case["version"]
        fresh = desk.call(OFFICER, "GET", path).headers["etag"]
        assert desk.call(OFFICER, "POST", f"{path}/conclude", json=body, headers={"if-match": fresh}).status_code == 200


class TestIdempotency:
    def test_a_repeated_key_gets_the_first_answer(self, desk):
        case = journeys.filed_case(desk)
        path = f"/v1/cases/{case['id']}/record"
        body = {"facts": {"illegal": {"value": True}}}
        headers = {"idempotency-key": "k1"}
        first = desk.call(OFFICER, "POST", path, json=body, headers=headers)
        second = desk.call(OFFICER, "POST", path, json=body, headers=headers)
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.json() == second.json()
        assert second.headers["idempotency-replayed"] == "true"

    def test_a_reused_key_with_another_body_is_refused(self, desk):
        case = journeys.filed_case(desk)
        path = f"/v1/cases/{case['id']}/record"
        headers = {"idempotency-key": "k1"}
        desk.call(OFFICER, "POST", path, json={"facts": {"illegal": {"value": True}}}, headers=headers)
        other = desk.call(OFFICER, "POST", path, json={"facts": {"illegal": {"value": False}}}, headers=headers)
        assert other.status_code == 409
        assert other.json()["code"] == "key-reused"

    def test_keys_of_different_people_do_not_meet(self, desk):
        case = journeys.filed_case(desk)
        path = f"/v1/cases/{case['id']}/record"
        other = officer(journeys.EEA, "case_officer", name="another")
        for who, value in ((OFFICER, True), (other, False)):
            body = {"facts": {"illegal": {"value": value}}}
            answer = desk.call(who, "POST", path, json=body, headers={"idempotency-key": "k1"})
            assert answer.json()["facts"]["illegal"]["value"] is value
