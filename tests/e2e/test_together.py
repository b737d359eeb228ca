"""Eight departments on vehicle inspection, and a river incident of two cities: through the public API alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clock import ZONE
from shared.rules.catalogue import default
from tests.desk import Databases, FrozenClock, open_desk
from tests.e2e.door import Door, opened_door
from tests.journeys import INSPECTION

KINDS = (
    "public_security_organ",
    "market_regulation_authority",
    "transport_authority",
    "housing_authority",
    "agriculture_authority",
    "natural_resources_authority",
    "emergency_authority",
)
CITY = {one.kind: one.id for one in default().agencies.values() if one.id.endswith("-320500")}
PEOPLE: dict[str, tuple[str, list[str]]] = {
    "lead": ("eea-320500", ["case_officer", "liaison", "clue_officer"]),
    "head": ("eea-320500", ["agency_head"]),
    "upstream": ("eea-320200", ["case_officer", "liaison"]),
    "upstream_head": ("eea-320200", ["agency_head"]),
    "province": ("eea-320000", ["liaison"]),
    "stranger": ("mra-320100", ["case_officer", "liaison"]),
    **{kind: (CITY[kind], ["case_officer", "liaison"]) for kind in KINDS},
}
MARKET, TRANSPORT = "market_regulation_authority", "transport_authority"


@pytest.fixture(scope="module")
def door(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One desk for both stories: three rooms, the gateway, and everybody's account."""
    clock = FrozenClock(datetime(2026, 9, 7, 9, 0, tzinfo=ZONE))
    folder: Path = tmp_path_factory.mktemp("together")
    with (
        contextmanager(open_desk)(databases.fresh(folder / "desk"), clock) as desk,
        opened_door(desk, PEOPLE, ("clue", "case", "referral")) as found,
    ):
        yield found


def at(door: Door, **later: float) -> str:
    """The desk's time, and a while after it."""
    return (door.desk.clock.now + timedelta(**later)).isoformat()


def planned(door: Door) -> str:
    """Plan and circulate the operation; returns its address."""
    body: dict[str, Any] = {
        "procedure": "joint_operation",
        "title": "机动车排放检验领域八部门联合整治",
        "summary": "车辆、检验机构、维修站",
        "division": "320500",
        "parties": {
            "partner": [CITY["public_security_organ"], CITY[MARKET]],
            "receiver": [CITY[kind] for kind in KINDS[2:]],
        },
        "stated": {"objective": "打击检验造假", "begins_on": "2026-09-10", "ends_on": "2026-09-30"},
    }
    found = door.post("lead", "/v1/operations", body, expect=201)
    address = f"/v1/operations/{found['id']}"
    for kind in KINDS:
        assert door.call(kind, "GET", address).status_code == 404
    door.post("lead", f"{address}/steps/circulate", {"stated": {}})
    return address


def test_eight_departments(door: Door) -> None:
    address = planned(door)
    for kind in KINDS[:-1]:
        door.post(kind, f"{address}/join", {"contact": f"{kind} 000"})
    door.post(KINDS[-1], f"{address}/decline", {"reason": "无相关职责"})
    assert door.call("stranger", "GET", address).status_code == 404
    objects = [
        {
            "name": "示例检测公司",
            "category": "inspection_body",
            "code": "9132",
            "division": "320500",
            "agency": CITY[MARKET],
        },
        {
            "name": "示例维修站",
            "category": "repair_station",
            "code": "WX-1",
            "division": "320500",
            "agency": CITY[TRANSPORT],
        },
        {"name": "示例车辆", "category": "vehicle", "code": "苏E·00000", "division": "320500", "agency": "eea-320500"},
    ]
    door.post("lead", f"{address}/objects", {"objects": objects})
    door.post("lead", f"{address}/steps/launch", {"stated": {}})
    task = {"task": "调取检验数据", "agency": CITY[MARKET], "due_at": at(door, days=2), "object_number": 1}
    door.post("public_security_organ", f"{address}/tasks", task)
    door.post(MARKET, f"{address}/objects/1/checks", {"outcome": "found", "note": "数据雷同", "checked_at": at(door)})
    finding = {
        "title": "机动车检验机构出具虚假检验报告",
        "summary": "多车使用同一份数据",
        "enterprise_id": "ENT-JC-1",
        "enterprise_name": "示例检测公司",
        "division": "320500",
        "found_at": at(door, hours=-1),
        "object_number": 1,
    }
    door.post(MARKET, f"{address}/findings", finding)
    door.desk.drain()
    (told,) = door.get(TRANSPORT, f"{address}/whole")["findings"]
    clue = f"/v1/clues/{told['clue_ref'].partition(':')[2]}"
    assert door.get(MARKET, clue)["source"] == "joint_operation"
    assert door.call(TRANSPORT, "GET", clue).status_code == 404
    door.post("lead", f"{clue}/assign", {"assigned_to": "张甲"})
    door.post("lead", f"{clue}/verify", {"result": "confirmed", "findings": "属实"})
    door.post("head", f"{clue}/review", {"review_opinion": "同意核查结果"})
    door.post("lead", f"{clue}/accept", {})
    door.desk.drain()
    door.post(MARKET, f"{address}/tasks/1/reports", {"text": "已调取", "done": True})
    door.post("lead", f"{address}/tasks/1/settle", {"verdict": "verified"})
    door.post("lead", f"{address}/steps/conclude", {"stated": {}})
    door.post("lead", f"{address}/steps/summarise", {"stated": {"outcome": "发现问题一起，立案一起"}})
    whole = door.get("province", f"{address}/whole")
    assert {one["agency"]: one["state"] for one in whole["members"]}[CITY[KINDS[-1]]] == "declined"
    results = {one["agency"]: one for one in whole["results"]}
    assert [results[CITY[MARKET]][name] for name in ("checked", "done", "findings", "clues", "cases")] == [
        1,
        1,
        1,
        1,
        1,
    ]


def test_a_river_incident_of_two_cities(door: Door) -> None:
    case = door.post(
        "lead",
        "/v1/cases",
        {
            "title": "望虞河下游断面锑异常",
            "summary": "自动监测报警",
            "enterprise_id": "ENT-XIA",
            "enterprise_name": "待查",
            "division": "320500",
            "discovered_at": at(door, hours=-3),
        },
        expect=201,
    )
    body = {
        "procedure": "cross_region_linkage",
        "title": "望虞河锑浓度异常事件",
        "summary": "疑上游来水",
        "division": "320500",
        "about": case["ref"],
        "parties": {"partner": ["eea-320200"]},
        "stated": {"linkage_relation": "upstream_downstream", "waters": "望虞河"},
    }
    linkage = door.post("lead", "/v1/linkages", body, expect=201)
    address = f"/v1/linkages/{linkage['id']}"
    door.post("lead", f"{address}/steps/propose", {"stated": {}})
    joining = {
        "title": "上游涉锑企业排查",
        "summary": "上游疑似超标排放",
        "division": "320200",
        "enterprise_id": "ENT-SHANG",
        "enterprise_name": "示例印染有限公司",
        "discovered_at": at(door, hours=-1),
        "contact": "上游 000",
    }
    door.post("upstream", f"{address}/join", joining)
    fact = {"value": 2.5, "unit": "times_over_standard"}
    door.post("upstream", f"{address}/shared-facts", {"facts": {"exceedance_multiple": fact}})
    door.post("province", f"{address}/lead", {"agency": "eea-320200", "reason": "源头在上游"})
    (theirs,) = door.get("upstream", "/v1/cases")["items"]
    assert theirs["journey_id"] == case["journey_id"]
    assert door.call("lead", "GET", f"/v1/cases/{theirs['id']}").status_code == 404
    certificates = {"officer_certificates": INSPECTION["officer_certificates"]}
    filed = {"case_no": "锡环立〔2026〕1号", "officers": ["陈一", "孙二"], **certificates}
    door.post("upstream_head", f"/v1/cases/{theirs['id']}/file", filed)
    told = door.get("lead", f"{address}/timeline")
    assert ("eea-320200", "file_case") in [(one["agency"], one["step"]) for one in told]
    assert door.get("lead", address)["facts"]["eea-320200.exceedance_multiple"]["value"] == 2.5
    timeline = door.get("upstream", f"/v1/journeys/{case['journey_id']}")["entries"]
    assert {one["subject"].partition(":")[0] for one in timeline} == {"case", "linkage"}
    assert case["ref"] not in {one["subject"] for one in timeline}
    for who in ("stranger", "transport_authority"):
        assert door.call(who, "GET", address).status_code == 404
    door.post("lead", f"{address}/steps/close", {"stated": {"outcome": "两地分别处理"}})
