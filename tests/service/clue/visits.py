"""Visits for tests: requested, approved, announced, made and recorded through the API."""

from datetime import timedelta
from typing import Any

from shared.clock import today
from shared.identity import Principal
from tests.desk import Desk, officer
from tests.journeys import CITY, EEA

OFFICER = officer(EEA, "case_officer", "clue_officer")
HEAD = officer(EEA, "agency_head")
MARKET = officer("mra-320500", "case_officer", "liaison")
MARKET_HEAD = officer("mra-320500", "agency_head")
PROVINCE_HEAD = officer("eea-320000", "agency_head", "case_officer")
STRANGER = officer("eea-320100", "case_officer", "agency_head")
BOTH = officer("eea-320500", "case_officer", "agency_head")
PEOPLE = {"inspectors": ["张甲", "李乙"], "officer_certificates": ["苏环执001", "苏环执002"]}
PLAN: dict[str, Any] = {
    "visit_category": "enforcement",
    "visit_nature": "case",
    "inspection_items": ["自动监测设备运行情况"],
    "visit_reasons": "线索 R01 命中，非现场无法核实",
    **PEOPLE,
}
RESULT = {"visit_result": "problems", "inspection_record": "分析仪斜率与备案值不符"}
SITE_RECORD = {
    "began_at": "2026-09-07T09:00:00+08:00",
    "ended_at": "2026-09-07T09:00:00+08:00",
    "place": "示例化工厂区",
    "officers": "张甲、李乙",
    "party": "示例化工有限公司",
    "situation": "监测站房内分析仪运行",
}
DAILY = {"visit_category": "administrative", "visit_nature": "daily"}


def request(desk: Desk, who: Principal = OFFICER, *, days: int = 0, expect: int = 201, **changes: Any) -> Any:
    """Ask for a visit of an enterprise in some days."""
    body = {
        "procedure": "inspection_handling",
        "title": "现场检查示例化工",
        "summary": "核实线索",
        "enterprise_id": changes.pop("enterprise_id", "ENT-1"),
        "enterprise_name": "示例化工有限公司",
        "division": CITY,
    } | {name: changes.pop(name) for name in ("about",) if name in changes}
    planned_on = (today(desk.clock.now) + timedelta(days=days)).isoformat()
    stated = PLAN | {"planned_on": planned_on} | changes
    return desk.post(who, "/v1/inspections", body | {"stated": stated}, expect=expect)


def take(desk: Desk, visit: Any, step: str, who: Principal = OFFICER, *, expect: int = 200, **stated: Any) -> Any:
    """Take a step of a visit."""
    return desk.post(who, f"/v1/inspections/{visit['id']}/steps/{step}", {"stated": stated}, expect=expect)


def approve(desk: Desk, visit: Any, who: Principal = HEAD, *, expect: int = 200, **stated: Any) -> Any:
    """Approve a visit."""
    given = {"approval_number": "苏环检〔2026〕7号", "visit_reasons": "非现场方式无法实现监管目的"} | stated
    return take(desk, visit, "approve", who, expect=expect, **given)


def entered(desk: Desk, visit: Any) -> Any:
    """Announce an approved visit and enter with its code."""
    take(desk, visit, "notify", notified_at=desk.clock.now.isoformat())
    code, at = visit["door_code"], desk.clock.now.isoformat()
    return take(desk, visit, "start", door_code=code, visit_started_at=at, **PEOPLE)


def made(desk: Desk, who: Principal = OFFICER, **changes: Any) -> Any:
    """A visit under way."""
    return entered(desk, approve(desk, request(desk, who, **changes)))


def recorded(desk: Desk, **changes: Any) -> Any:
    """A visit that is recorded."""
    return take(desk, made(desk, **changes), "record", visit_ended_at=desk.clock.now.isoformat(), **RESULT)


def known_visit(desk: Desk, enterprise_id: str = "ENT-1") -> str:
    """A visit under way that the case room has heard of; returns its ref."""
    ref: str = made(desk, enterprise_id=enterprise_id)["ref"]
    desk.drain()
    return ref


def urgent(desk: Desk, *, hours: int = 0, expect: int = 201) -> Any:
    """A visit that could not wait."""
    stated = {
        "visit_category": "enforcement",
        "inspection_items": ["应急处置"],
        "visit_reasons": "正在倾倒废液",
        "visit_started_at": (desk.clock.now - timedelta(hours=hours)).isoformat(),
        **PEOPLE,
    }
    body = {
        "procedure": "inspection_handling",
        "title": "紧急检查",
        "summary": "巡查时发现正在倾倒",
        "step": "start_emergency",
        "enterprise_id": "ENT-1",
        "enterprise_name": "示例化工有限公司",
        "division": CITY,
        "stated": stated,
    }
    who = officer("eea-320500", "duty_officer")
    return desk.post(who, "/v1/inspections", body, expect=expect)


def refusal(desk: Desk, visit: Any, step: str, who: Principal = OFFICER, **stated: Any) -> tuple[int, str]:
    """Try a step of a visit in vain; returns the status and the code of the first error."""
    answer = desk.call(who, "POST", f"/v1/inspections/{visit['id']}/steps/{step}", json={"stated": stated})
    problem = answer.json()
    errors = problem.get("errors") or [{}]
    return answer.status_code, errors[0].get("code", problem["code"])


def put(desk: Desk, path: str, body: Any) -> None:
    """Set a plan or an entry of the positive list as the head."""
    answer = desk.call(HEAD, "PUT", path, json=body)
    assert answer.status_code == 200, answer.text
