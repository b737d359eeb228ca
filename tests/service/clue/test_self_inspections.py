"""Self-inspections: declared, corrected, verified; later clues in the declared span are marked, none is dropped."""

import pytest

from services.clue_service.detection.catalogue import current, load
from shared.identity import Principal
from tests.desk import officer
from tests.journeys import CITY, EEA
from tests.service.clue.plant import register

OFFICER = officer(EEA, "clue_officer", "case_officer")
OTHER = officer(EEA, "case_officer", name="李乙")
PROGRAM = Principal(EEA, "ecological_environment_authority", "client:ent-1", frozenset(), "企业端")
KEEPING = Principal(EEA, "ecological_environment_authority", "client:ent-2", frozenset({"evidence_keeper"}), "企业端")
PROVINCE = officer("eea-320000", "clue_officer", "case_officer")
STRANGER = officer("eea-320100", "clue_officer", "case_officer")
POLICE = officer("psb-320500", "liaison")
DIRECTION = current(load())[0].direction
"""The direction of R01."""
BODY = {
    "enterprise_id": "ENT-1",
    "enterprise_name": "示例化工有限公司",
    "division": CITY,
    "problem": "脱硝喷枪堵塞，NOx 偏高",
    "found_on": "2026-09-05",
    "planned_on": "2026-09-20",
}


def declared(desk, who=OFFICER, expect=201, **changes):
    return desk.post(who, "/v1/self-inspections", BODY | changes, expect=expect)


def step(desk, row, name, who=OFFICER, expect=200, **body):
    return desk.post(who, f"/v1/self-inspections/{row['id']}/{name}", body, expect=expect)


def corrected(desk, row, who=OFFICER, on="2026-09-07"):
    desk.attach(OFFICER, f"/v1/self-inspections/{row['id']}", "correction_photo", f"更换喷枪 {row['id']}".encode())
    return step(desk, row, "correct", who, corrected_on=on, correction="更换喷枪")


def clue(desk, **changes):
    body = {
        "title": "NOx 高值",
        "summary": "小时均值偏高",
        "source": "rule",
        "rule_id": "R01",
        "enterprise_id": "ENT-1",
        "enterprise_name": "示例化工有限公司",
        "division": CITY,
        "pollutant": "NOx",
        "discovered_at": desk.clock.now.isoformat(),
        "observed_from": "2026-09-06T00:00:00+08:00",
        "observed_to": "2026-09-06T08:00:00+08:00",
    }
    return desk.post(OFFICER, "/v1/clues", body | changes, expect=201)


def clocks(desk, row):
    return desk.get(OFFICER, f"/v1/self-inspections/{row['id']}/deadlines")["items"]


def code(problem):
    return problem["errors"][0]["code"]


class TestADeclaration:
    def test_counts_for_its_enterprise_however_the_id_is_typed(self, desk):
        row = declared(desk, enterprise_id=" ｅｎｔ－１ ")
        assert row["enterprise_id"] == "ENT-1"
        assert clue(desk, enterprise_id="ent-1")["declared_ref"] == row["ref"]

    def test_runs_an_agreed_clock_to_the_end_of_the_planned_day(self, desk):
        row = declared(desk)
        assert (row["state"], row["owner"], row["until_on"]) == ("declared", EEA, "2026-09-20")
        clock = clocks(desk, row)[0]
        assert (clock["term_id"], clock["authority"]) == ("self_inspection_correction", "agreement")
        assert clock["due_at"] == "2026-09-20T16:00:00Z"

    def test_from_finding_to_verified(self, desk):
        row = declared(desk, PROGRAM)
        corrected(desk, row, PROGRAM)
        assert clocks(desk, row)[0]["state"] == "met"
        done = step(desk, row, "verify", findings="现场照片与数据一致")
        assert (done["state"], done["corrected_on"], done["verified_by"]) == ("verified", "2026-09-07", OFFICER.actor)

    def test_overdue_is_seen_by_its_clock(self, desk):
        row = declared(desk)
        desk.clock.advance(days=14)
        desk.sweep()
        assert clocks(desk, row)[0]["breached_at"] == "2026-09-20T16:00:00Z"

    def test_correct_needs_evidence(self, desk):
        row = declared(desk)
        problem = step(desk, row, "correct", expect=409, corrected_on="2026-09-07", correction="x")
        assert problem["code"] == "evidence-missing"

    def test_a_program_with_the_role_uploads_it(self, desk):
        row = declared(desk, KEEPING)
        desk.attach(KEEPING, f"/v1/self-inspections/{row['id']}", "correction_photo", b"photo")
        step(desk, row, "correct", KEEPING, corrected_on="2026-09-07", correction="更换喷枪")

    def test_is_verified_by_another_person(self, desk):
        row = declared(desk)
        corrected(desk, row)
        step(desk, row, "verify", expect=403, findings="x")
        assert step(desk, row, "verify", OTHER, findings="已改正")["state"] == "verified"

    def test_sent_back_runs_anew(self, desk):
        row = declared(desk)
        corrected(desk, row)
        back = step(desk, row, "send-back", OTHER, reason="仍有堵塞", planned_on="2026-09-25")
        assert (back["state"], back["planned_on"], back["corrected_on"]) == ("declared", "2026-09-25", None)
        assert sorted(one["state"] for one in clocks(desk, row)) == ["met", "running"]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"found_on": "2026-09-08"}, "in_the_future"),
            ({"found_on": "2026-08-01"}, "too_late"),
            ({"planned_on": "2026-09-06"}, "in_the_past"),
            ({"planned_on": "2027-09-06"}, "too_far"),
            ({"direction": "D99"}, "unknown_direction"),
            ({"outlet_id": "NOWHERE"}, "unknown_outlet"),
        ],
    )
    def test_that_cannot_be_is_refused(self, desk, change, expected):
        assert code(declared(desk, expect=422, **change)) == expected

    def test_of_another_enterprises_outlet_is_refused(self, desk):
        register(desk, "OUTLET-9")
        assert code(declared(desk, expect=422, outlet_id="OUTLET-9")) == "unknown_outlet"


class TestALaterClue:
    def test_in_the_span_is_marked_and_kept(self, desk):
        row = declared(desk)
        found = clue(desk)
        assert (found["state"], found["declared_ref"]) == ("received", row["ref"])
        reason = found["score_reasons"][-1]
        assert reason["declared"] == row["ref"]
        assert "自查申报" in reason["zh"]
        assert "declared by the enterprise" in reason["en"]

    @pytest.mark.parametrize("change", [{"observed_from": "2026-09-04T23:00:00+08:00"}, {"enterprise_id": "ENT-2"}])
    def test_beyond_it_is_not(self, desk, change):
        declared(desk)
        assert clue(desk, **change)["declared_ref"] is None

    def test_of_another_bureau_is_not(self, desk):
        declared(desk)
        neighbour = officer("eea-320600", "clue_officer")
        clue(desk, division="320600")
        assert [one["declared_ref"] for one in desk.get(neighbour, "/v1/clues")["items"]] == [None]

    def test_received_before_is_not(self, desk):
        found = clue(desk)
        declared(desk)
        assert desk.get(OFFICER, f"/v1/clues/{found['id']}")["declared_ref"] is None

    def test_of_another_outlet_pollutant_or_direction_is_not(self, desk):
        register(desk, "OUTLET-1", enterprise_id="ENT-1")
        declared(desk, outlet_id="OUTLET-1", pollutant="NOx", direction=DIRECTION)
        assert clue(desk, outlet_id="OUTLET-1")["declared_ref"] is not None
        assert clue(desk)["declared_ref"] is None
        assert clue(desk, outlet_id="OUTLET-1", pollutant="SO2")["declared_ref"] is None
        assert clue(desk, outlet_id="OUTLET-1", rule_id="R23")["declared_ref"] is None

    def test_after_the_correction_or_a_withdrawal_is_not(self, desk):
        row = declared(desk)
        corrected(desk, row, on="2026-09-05")
        assert clue(desk)["declared_ref"] is None
        step(desk, row, "withdraw", OTHER, reason="误报")
        within = {"observed_from": "2026-09-05T01:00:00+08:00", "observed_to": "2026-09-05T02:00:00+08:00"}
        assert clue(desk, title="另一线索", **within)["declared_ref"] is None

    def test_that_grows_beyond_the_span_is_marked_no_longer(self, desk):
        row = declared(desk)
        first = clue(desk)
        assert clue(desk, observed_from="2026-09-06T03:00:00+08:00")["declared_ref"] == row["ref"]
        grown = clue(desk, observed_from="2026-09-01T00:00:00+08:00")
        assert (grown["id"], grown["declared_ref"], grown["reports"]) == (first["id"], None, 3)
        assert "beyond" in grown["score_reasons"][-1]["en"]


class TestTheResult:
    def assigned(self, desk):
        found = clue(desk)
        return desk.post(OFFICER, f"/v1/clues/{found['id']}/assign", {"assigned_to": "李乙"})

    def verify(self, desk, found, expect=200, **body):
        given = {"result": "corrected", "findings": "企业已自行改正"} | body
        return desk.post(OTHER, f"/v1/clues/{found['id']}/verify", given, expect=expect)

    def test_corrected_rests_on_the_verified_declaration(self, desk):
        row = declared(desk)
        found = self.assigned(desk)
        corrected(desk, row)
        step(desk, row, "verify", OTHER, findings="已改正")
        assert self.verify(desk, found)["ground_ref"] == row["ref"]

    def test_a_declaration_that_is_not_verified_is_no_ground(self, desk):
        row = declared(desk)
        found = self.assigned(desk)
        assert code(self.verify(desk, found, 422, ground_ref=row["ref"])) == "not_verified"
        assert self.verify(desk, found)["ground_ref"] is None

    def test_of_another_enterprise_or_result_is_no_ground(self, desk):
        row = declared(desk, enterprise_id="ENT-2")
        found = self.assigned(desk)
        assert code(self.verify(desk, found, 422, ground_ref=row["ref"])) == "not_of_this_clue"
        assert code(self.verify(desk, found, 422, result="confirmed", ground_ref=row["ref"])) == "not_corrected"


class TestRights:
    @pytest.mark.parametrize(
        ("who", "expect"),
        [
            (OFFICER, 201),
            (PROGRAM, 201),
            (officer(EEA, "auditor"), 403),
            (officer(EEA, "agency_head"), 403),
            (PROVINCE, 403),
            (STRANGER, 403),
            (POLICE, 403),
            (Principal("mra-320500", "market_regulation_authority", "client:x", frozenset(), "x"), 403),
        ],
    )
    def test_who_declares(self, desk, who, expect):
        declared(desk, who, expect)

    def test_who_goes_on(self, desk):
        row = declared(desk)
        assert desk.call(None, "POST", "/v1/self-inspections", json=BODY).status_code == 401
        correction = {"corrected_on": "2026-09-07", "correction": "x"}
        for who, expect in ((STRANGER, 404), (POLICE, 404), (PROVINCE, 403), (officer(EEA, "auditor"), 403)):
            step(desk, row, "correct", who, expect, **correction)
        corrected(desk, row)
        for who, expect in ((STRANGER, 404), (PROVINCE, 403), (PROGRAM, 403), (officer(EEA, "duty_officer"), 403)):
            step(desk, row, "verify", who, expect, findings="x")
            step(desk, row, "send-back", who, expect, reason="x", planned_on="2026-09-20")
            step(desk, row, "withdraw", who, expect, reason="x")
