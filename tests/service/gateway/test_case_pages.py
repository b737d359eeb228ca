"""The page of a penalty case: its sums, its measures, and forms for the steps that are data."""

import orjson
import pytest

from tests.service.gateway.penalty import FIGURES
from tests.service.gateway.serving import json_answer
from tests.service.gateway.test_console import CASE, PATH, SAME, case, entered, subject, token_of

__all__ = ["case", "entered"]  # fixtures, found by name


def inspection() -> dict[str, object]:
    cite = {"text": "《行政处罚法》第五十五条"}
    fields = ["inspectors", "officer_certificates", "inspected_at", "inspection_record"]
    named = {"step": "record_inspection", "name": "现场检查", "allowed": True, "to": "discovered", "cite": cite}
    return {**named, "fields": fields, "required": fields}


@pytest.fixture
def penalty(case):
    """The case, with a step that is data on offer."""
    answer = {"state": "discovered", "steps": [inspection()]}
    case.answers[f"/v1/cases/{CASE}/steps"] = json_answer(answer)
    return case


def test_the_sums_and_the_measures_are_shown(entered, penalty):
    page = entered.get(PATH).text
    for part in ("100,000 元", "18,000.00 元", "逾期 6 日", "第七十二条", "2026-12-29", "封泵", "查封、扣押中"):
        assert part in page
    assert "查封、扣押后" not in page
    english = entered.get(f"{PATH}?lang=en").text
    assert "18,000.00 yuan (6 days late" in english
    assert "In force" in english


def test_a_case_out_of_time_says_so(entered, penalty):
    late = {"is_time_barred": True, "limitation_ends_on": "2026-09-06", "limitation_zh": "《行政处罚法》第三十六条"}
    penalty.answers[f"/v1/cases/{CASE}/figures"] = json_answer(FIGURES | late)
    page = entered.get(PATH).text
    assert "2026-09-06" in page
    assert "不再给予行政处罚。《行政处罚法》第三十六条" in page


def test_a_measure_is_begun_from_the_case(entered, penalty):
    page = entered.get(PATH).text
    for procedure in ("prior_registration", "sealing_seizure", "production_restriction", "correction_daily_penalty"):
        address = f"/console/measures/new?procedure={procedure}&about=case:{CASE}"
        assert address in page.replace("&amp;", "&")
        form = entered.get(address).text
        assert f'value="case:{CASE}"' in form


def test_a_step_that_is_data_is_a_form_and_goes_by_its_door(entered, penalty):
    page = entered.get(PATH)
    assert '<textarea id="record_inspection-officer_certificates"' in page.text
    assert "执法证件号" in page.text
    penalty.answers[f"/v1/cases/{CASE}/steps/record_inspection"] = json_answer(subject())
    form = {"csrf": token_of(page), "version": "4", "inspectors": "甲\r\n乙", "officer_certificates": "1\r\n2"}
    form |= {"inspected_at": "2026-09-07T09:00", "inspection_record": "笔录"}
    answer = entered.post(f"{PATH}/steps/record_inspection", data=form, headers=SAME)
    assert answer.status_code == 303, answer.text
    sent = orjson.loads(next(seen for seen in penalty.seen if seen.method == "POST").body)
    assert sent["stated"]["officer_certificates"] == ["1", "2"]
    assert sent["stated"]["inspected_at"] == "2026-09-07T09:00:00+08:00"


def test_measures_have_a_board(entered, penalty):
    measure = subject() | {"id": CASE, "ref": f"measure:{CASE}", "procedure_id": "sealing_seizure", "state": "in_force"}
    penalty.answers["/v1/measures"] = json_answer({"items": [measure | {"title": "封泵"}], "next": None})
    penalty.answers[f"/v1/measures/{CASE}/deadlines"] = json_answer({"items": [], "next": None})
    page = entered.get("/console/measures")
    assert page.status_code == 200, page.text
    for part in ("封泵", "查封、扣押中", f"/console/measures/{CASE}"):
        assert part in page.text
