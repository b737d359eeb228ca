"""Complaints: a number and a code, a clue, a reply by its clock; who complained is nowhere but where it is sealed."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, text

from services.clue_service.complaints.tracking import check_sign
from shared.identity import Principal
from tests.desk import officer
from tests.journeys import CITY, EEA, HEAD, OFFICER

NAME, CONTACT = "慕容雪晴", "13800138000"
DUTY = officer(EEA, "duty_officer")
CASE_OFFICER = officer(EEA, "case_officer")
HOTLINE = Principal("hou-320500", "housing_authority", "client:12345", frozenset(), "12345 热线")
PROVINCE = officer("eea-320000", "clue_officer", "case_officer", "agency_head")
STRANGER = officer("eea-320100", "clue_officer", "case_officer", "agency_head")
BODY = {
    "category": "odour",
    "channel": "hotline_12345",
    "summary": "夜间有刺鼻气味，持续约两小时",
    "division": CITY,
    "place": "平泷路 18 号附近",
    "enterprise_id": "ENT-1",
    "enterprise_name": "示例化工有限公司",
    "occurred_at": "2026-09-06T23:00:00+08:00",
    "complainant": {"name": NAME, "contact": CONTACT},
}


def filed(desk, who=DUTY, expect=201, **changes):
    return desk.post(who, "/v1/complaints", BODY | changes, expect=expect)


def step(desk, complaint, name, who=CASE_OFFICER, expect=200, **body):
    return desk.post(who, f"/v1/complaints/{complaint['id']}/{name}", body, expect=expect)


def clue_of(desk, complaint):
    return desk.get(OFFICER, f"/v1/clues/{complaint['clue_ref'].partition(':')[2]}")


def declined(desk, complaint):
    return desk.post(OFFICER, f"/v1/clues/{clue_of(desk, complaint)['id']}/decline", {"reason": "核查无异常"})


def answer(desk, who, number, code):
    return desk.call(who, "GET", f"/v1/complaint-answers/{number}", params={"code": code})


def everything(desk):
    """Every value of every table of the clue room, by table."""
    room = desk.rooms["clue"]
    with room.reading() as session:
        connection = session.connection()
        tables = inspect(connection).get_table_names()
        assert "complainants" in tables
        rows = {name: connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in tables}
    return {name: repr(found) for name, found in rows.items()}


class TestAComplaint:
    def test_gets_a_number_a_code_and_a_clue(self, desk):
        complaint = filed(desk)
        assert complaint["tracking"].startswith("苏12345-2026-000001-")
        assert (complaint["state"], complaint["owner"], complaint["is_named"]) == ("received", EEA, True)
        clue = clue_of(desk, complaint)
        assert (clue["source"], clue["enterprise_id"], clue["reports"]) == ("complaint", "ENT-1", 1)
        assert clue["journey_id"] == complaint["journey_id"]
        assert filed(desk)["tracking"].startswith("苏12345-2026-000002-")

    def test_of_the_same_thing_merges_into_the_open_clue(self, desk):
        first, second = filed(desk), filed(desk, HOTLINE, summary="今早又闻到气味")
        assert first["clue_ref"] == second["clue_ref"]
        assert clue_of(desk, first)["reports"] == 2

    def test_of_an_unknown_enterprise_merges_by_place(self, desk):
        anonymous = {"enterprise_id": None, "enterprise_name": None, "complainant": None}
        first, second = filed(desk, **anonymous), filed(desk, **anonymous)
        elsewhere = filed(desk, place="另一处", **anonymous)
        assert first["clue_ref"] == second["clue_ref"] != elsewhere["clue_ref"]
        assert first["is_named"] is False

    def test_is_answered_after_its_clue_ended_by_an_agreed_clock(self, desk):
        complaint = filed(desk)
        refused = step(desk, complaint, "reply", expect=409, reply="正在办理")
        assert refused["code"] == "step-refused"
        declined(desk, complaint)
        waiting = desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}")
        assert waiting["state"] == "awaiting_reply"
        clock = desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}/deadlines")["items"][0]
        assert (clock["term_id"], clock["authority"], clock["due_on"]) == ("complaint_reply", "agreement", "2026-09-14")
        replied = step(desk, complaint, "reply", reply="已核查，未发现异常排放")
        assert replied["state"] == "replied"
        clock = desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}/deadlines")["items"][0]
        assert clock["state"] == "met"

    def test_lapses_and_says_so(self, desk):
        complaint = filed(desk)
        declined(desk, complaint)
        desk.clock.advance(days=20)
        desk.sweep()
        clock = desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}/deadlines")["items"][0]
        assert clock["breached_at"] is not None

    def test_waits_for_its_reply_when_another_agency_takes_over(self, desk):
        complaint = filed(desk)
        clue_id = clue_of(desk, complaint)["id"]
        desk.post(OFFICER, f"/v1/clues/{clue_id}/redirect", {"redirected_to": "psb-320500", "reason": "属公安管辖"})
        desk.post(officer("psb-320500", "liaison"), f"/v1/clues/{clue_id}/take-over", {})
        assert desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}")["state"] == "awaiting_reply"

    def test_withdrawn_leaves_the_clue(self, desk):
        complaint = filed(desk, HOTLINE)
        assert step(desk, complaint, "withdraw", HOTLINE, reason="投诉人撤回")["state"] == "withdrawn"
        assert clue_of(desk, complaint)["state"] == "received"
        declined(desk, complaint)
        assert desk.get(HOTLINE, f"/v1/complaints/{complaint['id']}")["state"] == "withdrawn"

    def test_of_the_future_is_refused(self, desk):
        problem = filed(desk, expect=422, occurred_at="2026-09-08T00:00:00+08:00")
        assert problem["errors"][0]["code"] == "in_the_future"

    def test_sent_again_with_its_key_gets_the_same_number_and_code(self, desk):
        headers = {"idempotency-key": "hotline-77"}
        first = desk.call(HOTLINE, "POST", "/v1/complaints", json=BODY, headers=headers)
        again = desk.call(HOTLINE, "POST", "/v1/complaints", json=BODY, headers=headers)
        assert first.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert first.json()["query_code"] not in "".join(everything(desk).values())

    def test_many_at_once_get_different_numbers(self, desk):
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda n: filed(desk, summary=f"第 {n} 次"), range(12)))
        assert len({one["tracking"] for one in found}) == 12
        assert clue_of(desk, found[0])["reports"] == 12

    def test_filed_while_its_clue_is_declined_never_waits_for_nothing(self, desk):
        first = filed(desk)
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(declined, desk, first), pool.submit(filed, desk, summary="同一时刻再次投诉")]
            second = jobs[1].result()
            jobs[0].result()
        state = desk.get(OFFICER, f"/v1/complaints/{second['id']}")["state"]
        expected = "awaiting_reply" if second["clue_ref"] == first["clue_ref"] else "received"
        assert state == expected


class TestTheAnswer:
    def test_is_told_to_the_hotline_and_the_bureau_alone(self, desk):
        complaint = filed(desk, HOTLINE)
        declined(desk, complaint)
        step(desk, complaint, "reply", reply="已核查")
        number, code = complaint["tracking"], complaint["query_code"]
        clerk = officer("hou-320500", "liaison")
        for who in (HOTLINE, clerk, CASE_OFFICER):
            told = answer(desk, who, number, code)
            assert told.status_code == 200, told.text
            assert (told.json()["state"], told.json()["reply"]) == ("replied", "已核查")
            assert NAME not in told.text
        for who in (STRANGER, PROVINCE):
            assert answer(desk, who, number, code).status_code == 404
        assert answer(desk, None, number, code).status_code == 401

    def test_a_wrong_code_is_like_no_number_at_all(self, desk):
        complaint = filed(desk, HOTLINE)
        number = complaint["tracking"]
        wrong = answer(desk, HOTLINE, number, "AAAA-AAAA-AAAA-AAAA")
        stem = number.rpartition("-")[0].replace("000001", "000009")
        unknown = f"{stem}-{check_sign('32' + stem[1:].replace('-', ''))}"
        missing = answer(desk, HOTLINE, unknown, complaint["query_code"])
        assert wrong.status_code == missing.status_code == 404
        assert wrong.json()["detail"] == missing.json()["detail"]

    def test_a_wrong_check_sign_is_named(self, desk):
        complaint = filed(desk, HOTLINE)
        stem, _, check = complaint["tracking"].rpartition("-")
        for wrong in (stem + "-" + ("A" if check != "A" else "B"), complaint["tracking"].replace("2026", "2062")):
            told = answer(desk, HOTLINE, wrong, complaint["query_code"])
            assert (told.status_code, told.json()["errors"][0]["code"]) == (422, "wrong_check_sign")
        told = answer(desk, HOTLINE, "12345", complaint["query_code"])
        assert told.json()["errors"][0]["code"] == "not_a_number"

    def test_the_check_sign_is_that_of_the_standard(self):
        assert check_sign("A12425GABC1234002") == "M"

    def test_the_code_may_be_written_in_small_letters_without_groups(self, desk):
        complaint = filed(desk, HOTLINE)
        code = complaint["query_code"].replace("-", "").lower()
        assert answer(desk, HOTLINE, complaint["tracking"], code).status_code == 200


class TestRights:
    @pytest.mark.parametrize(
        ("who", "expect"),
        [
            (DUTY, 201),
            (officer(EEA, "clue_officer"), 201),
            (HOTLINE, 201),
            (officer(EEA, "case_officer"), 403),
            (officer(EEA, "auditor"), 403),
            (officer("psb-320500", "liaison"), 403),
            (officer("hou-320500", "liaison"), 403),
        ],
    )
    def test_who_puts_one_down(self, desk, who, expect):
        filed(desk, who, expect)

    def test_nobody_unknown(self, desk):
        assert desk.call(None, "POST", "/v1/complaints", json=BODY).status_code == 401
        complaint = filed(desk, HOTLINE)
        for path in ("", "/journal", "/deadlines", "/steps", "/evidence"):
            assert desk.call(STRANGER, "GET", f"/v1/complaints/{complaint['id']}{path}").status_code == 404
        for name in ("reply", "withdraw", "identity"):
            body = {"reply": "x"} if name == "reply" else {"reason": "x"}
            step(desk, complaint, name, STRANGER, 404, **body)

    @pytest.mark.parametrize(
        ("who", "expect"),
        [(CASE_OFFICER, 200), (HEAD, 200), (DUTY, 403), (HOTLINE, 403), (PROVINCE, 403)],
    )
    def test_who_opens_the_identity(self, desk, who, expect):
        complaint = filed(desk, HOTLINE)
        shown = step(desk, complaint, "identity", who, expect, reason="需回访核实")
        assert (NAME in json.dumps(shown, ensure_ascii=False)) is (expect == 200)

    def test_opening_is_journalled_with_its_reason(self, desk):
        complaint = filed(desk)
        shown = step(desk, complaint, "identity", reason="需回访核实")
        assert shown == {"tracking": complaint["tracking"], "name": NAME, "contact": CONTACT}
        step(desk, complaint, "identity", expect=422, reason="")
        entries = desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}/journal")["items"]
        opened = [one for one in entries if one["type"] == "complaint.open_identity"]
        assert [(one["actor"], json.loads(one["body"])["data"]["reason"]) for one in opened] == [
            (CASE_OFFICER.actor, "需回访核实")
        ]


class TestTheIdentity:
    def test_is_in_no_table_file_log_answer_or_event(self, desk, caplog):
        caplog.set_level(logging.DEBUG)
        headers = {"idempotency-key": "once"}
        answers = [desk.call(HOTLINE, "POST", "/v1/complaints", json=BODY, headers=headers).text]
        complaint = json.loads(answers[0])
        step(desk, complaint, "identity", reason="需回访核实")
        declined(desk, complaint)
        step(desk, complaint, "reply", reply="已核查")
        desk.drain()
        for who in (HOTLINE, CASE_OFFICER, PROVINCE):
            base = f"/v1/complaints/{complaint['id']}"
            paths = ["/v1/complaints", base, *(f"{base}/{name}" for name in ("journal", "deadlines", "steps", "law"))]
            answers += [desk.call(who, "GET", path).text for path in paths]
            answers.append(desk.call(who, "GET", f"/v1/journeys/{complaint['journey_id']}", room="clue").text)
        answers.append(desk.call(OFFICER, "GET", f"/v1/clues/{complaint['clue_ref'][5:]}/journal").text)
        kept = everything(desk)
        for secret in (NAME, CONTACT):
            assert not [one for one in answers if secret in one]
            assert not [name for name, rows in kept.items() if secret in rows]
            assert secret not in caplog.text
            assert secret not in json.dumps(desk.to_gateway, ensure_ascii=False)
            for file in desk.rooms["clue"].settings.folder.rglob("*"):
                assert not file.is_file() or secret.encode() not in file.read_bytes(), file

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("summary", f"我是{NAME}，请尽快处理"),
            ("summary", "电话 138-0013-8000 可联系"),
            ("place", f"{NAME}家门口"),
            ("enterprise_name", f"{NAME} 作坊"),
        ],
    )
    def test_is_refused_in_a_text_that_travels(self, desk, field, value):
        problem = filed(desk, expect=422, **{field: value})
        assert (problem["errors"][0]["field"], problem["errors"][0]["code"]) == (field, "identity_in_text")
        assert NAME not in json.dumps(problem, ensure_ascii=False)

    def test_is_refused_in_replies_reasons_and_names_of_files(self, desk):
        complaint = filed(desk)
        step(desk, complaint, "withdraw", expect=422, reason=f"{NAME}来电撤回")
        step(desk, complaint, "identity", expect=422, reason=f"回访{NAME}")
        path = f"/v1/complaints/{complaint['id']}/evidence"
        params = {"document": "complaint_photo", "name": f"{NAME}拍摄.txt"}
        headers = {"content-type": "text/plain"}
        refused = desk.call(CASE_OFFICER, "POST", path, params=params, content=b"x", headers=headers)
        assert refused.status_code == 422
        taken = desk.call(CASE_OFFICER, "POST", path, params=params | {"name": "1.txt"}, content=b"x", headers=headers)
        assert taken.status_code == 201
        declined(desk, complaint)
        step(desk, complaint, "reply", expect=422, reply=f"{NAME}您好")

    def test_a_body_that_is_refused_is_not_repeated(self, desk):
        for wrong in ({"category": "x"}, {"complainant": {"name": NAME, "contact": CONTACT, "age": 3}}):
            problem = desk.call(DUTY, "POST", "/v1/complaints", json=BODY | wrong)
            assert problem.status_code == 422
            assert NAME not in problem.text
        long = desk.call(DUTY, "POST", "/v1/complaints", json=BODY | {"complainant": {"name": NAME * 60}})
        assert long.status_code == 422
        assert NAME not in long.text

    def test_a_seal_moved_to_another_complaint_does_not_open(self, desk):
        first, second = filed(desk), filed(desk, complainant={"name": "其他某人"})
        with desk.rooms["clue"].transaction() as session:
            rows = dict(session.connection().execute(text("SELECT complaint_id, sealed FROM complainants")).all())
            session.connection().execute(
                text("UPDATE complainants SET sealed = :sealed"), {"sealed": next(iter(rows.values()))}
            )
        statuses = [
            desk.call(CASE_OFFICER, "POST", f"/v1/complaints/{one['id']}/identity", json={"reason": "回访"}).status_code
            for one in (first, second)
        ]
        assert sorted(statuses) == [200, 409]
