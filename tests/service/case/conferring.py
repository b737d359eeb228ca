"""A conference on a case, step by step: for the tests of conferences."""

from datetime import timedelta
from typing import Any

from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import CITY, EEA, OFFICER, POLICE, PRO, PROSECUTOR, PSB

MRA = f"mra-{CITY}"
MARKET = officer(MRA, "liaison", "case_officer")
CHIEF = officer(EEA, "agency_head", "case_officer")
OTHER_POLICE = officer("psb-320100", "liaison")
STRANGER = officer("eea-320100", "case_officer", "agency_head")
AUDITOR = officer(PSB, "auditor")
OPINION = {
    "facts": "非法倾倒危险废物5.2吨",
    "charge_or_matter": "污染环境罪",
    "sufficiency": "sufficient",
    "recommendation": "移送公安机关",
}


def referable(desk: Desk) -> Any:
    """A case whose facts meet a standard, with one item of evidence."""
    case = journeys.filed_case(desk)
    address = f"/v1/cases/{case['id']}"
    desk.attach(OFFICER, address, "crim_records", "现场检查笔录".encode())
    return desk.post(OFFICER, f"{address}/record", {"facts": journeys.FACTS, "conduct_on": "2026-09-01"})


def at(desk: Desk, **amount: float) -> str:
    """An instant as far from now."""
    return (desk.clock.now + timedelta(**amount)).isoformat()


def calling(desk: Desk, case: Any, **changes: Any) -> dict[str, Any]:
    """The body that calls a conference of four agencies."""
    items = desk.get(OFFICER, f"/v1/cases/{case['id']}/evidence")["items"]
    return {
        "title": "示例化工有限公司涉嫌倾倒危险废物会商",
        "about": [case["ref"]],
        "agenda": [{"title": "通报案情"}, {"title": "研究是否移送"}],
        "place": "三楼会议室",
        "starts_at": at(desk, days=4),
        "ends_at": at(desk, days=4, hours=2),
        "reply_by": at(desk, days=2),
        "invited": [
            {"agency": PSB, "is_required": True, "people": [{"name": "陈丁", "post": "副支队长"}]},
            {"agency": PRO},
            {"agency": MRA},
        ],
        "quorum": {"agencies": 3},
        "materials": [one["id"] for one in items],
    } | changes


def convened(desk: Desk, **changes: Any) -> Any:
    """A conference that was called."""
    case = changes.pop("case", None) or referable(desk)
    return desk.post(OFFICER, "/v1/conferences", calling(desk, case, **changes), expect=201)


def path(conference: Any, step: str = "") -> str:
    """The address of a conference or of one of its steps or parts."""
    return f"/v1/conferences/{conference['id']}" + (f"/{step}" if step else "")


def opened(desk: Desk, **changes: Any) -> Any:
    """A conference at its meeting: the bureau and the police are there, everybody has accepted."""
    conference = convened(desk, **changes)
    for who in (POLICE, PROSECUTOR, MARKET):
        desk.post(who, path(conference, "accept"))
    desk.clock.advance(days=4)
    desk.post(OFFICER, path(conference, "open"), {"chair": "赵戊", "recorder": "钱己"})
    for who, name in ((OFFICER, "赵戊"), (POLICE, "陈丁")):
        desk.post(who, path(conference, "attend"), {"name": name, "post": "负责人"})
    return desk.get(OFFICER, path(conference))


def referring(conference: Any, *more: Any) -> dict[str, Any]:
    """The resolution that refers the case to the police."""
    subject = conference["about"][0]
    return {"resolutions": [{"kind": "refer", "subject": subject, "suspected_offence": "污染环境罪"}, *more]}


def record_of(desk: Desk, conference: Any, who: Any = OFFICER) -> str:
    """The id of the inspection record among the materials."""
    listed = desk.get(who, path(conference, "evidence"))["items"]
    return next(str(one["id"]) for one in listed if one["document"] == "crim_records")


def clocks(desk: Desk, conference: Any, term: str) -> dict[str, str]:
    """Agency -> state of its clock, of an open one where there is one."""
    listed = desk.get(OFFICER, path(conference, "deadlines"))["items"]
    return {one["party"]: one["state"] for one in reversed(listed) if one["term_id"] == term}
