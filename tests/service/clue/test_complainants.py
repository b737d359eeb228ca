"""Who complained: nowhere but where it is sealed, opened by few and with a reason; who may put a complaint down."""

import json
import logging

import pytest
from sqlalchemy import text

from tests.desk import officer
from tests.journeys import EEA, HEAD, OFFICER
from tests.service.clue.complaining import (
    BODY,
    CASE_OFFICER,
    CONTACT,
    DUTY,
    HOTLINE,
    NAME,
    PROVINCE,
    STRANGER,
    declined,
    everything,
    filed,
    step,
)


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
    def test_is_in_no_table_file_log_answer_or_event(self, desk, caplog, capfd):
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
        kept, printed = everything(desk), "".join(capfd.readouterr())
        for secret in (NAME, CONTACT):
            assert not [one for one in answers if secret in one]
            assert not [name for name, rows in kept.items() if secret in rows]
            assert secret not in caplog.text + printed
            assert secret not in json.dumps(desk.to_gateway, ensure_ascii=False)
            for file in desk.rooms["clue"].settings.folder.rglob("*"):
                assert not file.is_file() or secret.encode() not in file.read_bytes(), file

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("summary", f"我是{NAME}，请尽快处理"),
            ("summary", "电话 138-0013-8000 可联系"),
            ("summary", "电话 \uff11\uff13\uff18\uff10\uff10\uff11\uff13\uff18\uff10\uff10\uff10"),
            ("summary", f"我是{NAME[0]}\u200b{NAME[1:]}"),
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
