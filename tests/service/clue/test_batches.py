"""Clues by the batch: each line by itself, with the rights of a single report, sent again without harm."""

import json
from concurrent.futures import ThreadPoolExecutor

from services.clue_service.clues import batches
from shared.records.verifying import verify_room
from tests.desk import officer
from tests.journeys import OFFICER

PARTNER = officer("mra-320500", "liaison")
NDJSON = {"content-type": "application/x-ndjson"}
CLUE = {
    "title": "夜间异味",
    "summary": "巡查发现",
    "enterprise_id": "ENT-1",
    "enterprise_name": "示例化工有限公司",
    "division": "320500",
    "discovered_at": "2026-09-07T08:00:00+08:00",
}


def line(number=0, **changes):
    return json.dumps(CLUE | {"enterprise_id": f"ENT-{number}"} | changes, ensure_ascii=False).encode()


def post(desk, lines, who=OFFICER, **headers):
    content = lines if isinstance(lines, bytes) else b"\n".join(lines)
    return desk.call(who, "POST", "/v1/clues/batches", content=content, headers=NDJSON | headers)


def told(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


def count(desk, who=OFFICER):
    return len(desk.get(who, "/v1/clues", params={"limit": 100})["items"])


def broken_chains(desk):
    room = desk.rooms["clue"]
    with room.reading() as session:
        return verify_room(session, room.subjects)[1]


class TestABatch:
    def test_each_line_has_its_verdict(self, desk):
        lines = [
            line(1),
            line(1, summary="第二次"),
            b"",
            b"{not json",
            line(2, division="999999"),
            line(3, discovered_at="2026-09-08T08:00:00+08:00"),
            line(4, score=101, colour="red"),
            b"[1]",
            line(5),
        ]
        done = told(post(desk, lines))
        assert [(one["line"], one["verdict"], one["status"]) for one in done["verdicts"]] == [
            (1, "received", 201),
            (2, "merged", 200),
            (4, "refused", 422),
            (5, "refused", 422),
            (6, "refused", 422),
            (7, "refused", 422),
            (8, "refused", 422),
            (9, "received", 201),
        ]
        assert (done["lines"], done["received"], done["merged"], done["refused"]) == (8, 2, 1, 5)
        reasons = {one["line"]: [reason["code"] for reason in one["reasons"]] for one in done["verdicts"]}
        assert (reasons[4], reasons[5], reasons[6]) == (["not_json"], ["unknown_division"], ["in_the_future"])
        assert {one["field"] for one in done["verdicts"][5]["reasons"]} == {"score", "colour"}
        assert done["verdicts"][0]["clue"] == done["verdicts"][1]["clue"]
        assert done["verdicts"][3]["zh"]
        assert count(desk) == 2

    def test_of_a_thousand(self, desk):
        done = told(post(desk, [line(number) for number in range(1000)]))
        assert done["received"] == 1000
        journal = desk.get(OFFICER, f"/v1/clues/{done['verdicts'][777]['clue'][5:]}/journal")["items"]
        assert [one["type"] for one in journal] == ["clue.received"]

    def test_of_more_or_none_is_refused(self, desk):
        assert post(desk, [line(number) for number in range(1001)]).status_code == 422
        assert post(desk, b"\n\n").status_code == 422
        assert count(desk) == 0

    def test_of_another_type_is_refused(self, desk):
        answer = desk.call(OFFICER, "POST", "/v1/clues/batches", content=line(), headers={"content-type": "text/csv"})
        assert answer.status_code == 415

    def test_sent_again_with_its_key_changes_nothing(self, desk):
        lines = [line(number % 400) for number in range(600)]
        first = post(desk, lines, **{"idempotency-key": "batch-1"})
        again = post(desk, lines, **{"idempotency-key": "batch-1"})
        assert first.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        other = post(desk, [*lines, line(999)], **{"idempotency-key": "batch-1"})
        assert (other.status_code, other.json()["code"]) == (409, "key-reused")
        assert told(post(desk, lines))["merged"] == 600

    def test_cut_short_goes_on_where_it_stopped(self, desk):
        lines, room = [line(number) for number in range(300)], desk.rooms["clue"]
        first, rest = batches.parts(b"\n".join(lines), "cut")
        with room.transaction() as session:
            batches.take(session, first, by=OFFICER, now=room.clock())
        assert (len(first.lines), len(rest.lines)) == (250, 50)
        done = told(post(desk, lines, **{"idempotency-key": "cut"}))
        assert (done["received"], done["merged"]) == (300, 0)

    def test_two_at_once_over_the_same_things_agree(self, desk):
        one, other = [line(number) for number in range(200)], [line(number) for number in reversed(range(200))]
        with ThreadPoolExecutor(2) as pool:
            done = [told(answer) for answer in pool.map(lambda lines: post(desk, lines), (one, other))]
        assert sum(part["received"] for part in done) == 200
        assert sum(part["merged"] for part in done) == 200
        assert broken_chains(desk) == []

    def test_beside_single_reports_of_the_same_things_every_chain_holds(self, desk):
        lines = [line(number % 20) for number in range(60)]
        singles = [json.loads(line(number)) for number in range(20)]
        with ThreadPoolExecutor(4) as pool:
            batches_ = [pool.submit(post, desk, part) for part in (lines, lines[::-1])]
            alone = [pool.submit(desk.call, OFFICER, "POST", "/v1/clues", json=one) for one in singles]
            done = [told(one.result()) for one in batches_]
            assert {one.result().status_code for one in alone} == {201}
        assert count(desk) == 20
        assert sum(part["refused"] for part in done) == 0
        reports = [one["reports"] for one in desk.get(OFFICER, "/v1/clues", params={"limit": 100})["items"]]
        assert reports == [7] * 20
        assert broken_chains(desk) == []


class TestRights:
    def test_nobody_unknown(self, desk):
        assert post(desk, [line()], None).status_code == 401

    def test_a_role_that_may_not_is_told_so_in_each_line(self, desk):
        done = told(post(desk, [line(1), line(2)], officer("eea-320500", "auditor")))
        assert {(one["status"], one["code"]) for one in done["verdicts"]} == {(403, "not-your-step")}
        assert count(desk) == 0

    def test_a_partner_reports_and_sees_its_own(self, desk):
        post(desk, [line(1)])
        done = told(post(desk, [line(1), line(2)], PARTNER))
        assert [one["verdict"] for one in done["verdicts"]] == ["received", "received"]
        assert count(desk, PARTNER) == 2
        assert count(desk) == 3
