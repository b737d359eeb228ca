"""Complaints for tests: put down, their clue declined, answered through the API."""

from typing import Any

from sqlalchemy import inspect, text

from shared.identity import Principal
from tests.desk import Desk, officer
from tests.journeys import CITY, EEA, OFFICER

NAME, CONTACT = "慕容雪晴", "13800138000"
DUTY = officer(EEA, "duty_officer")
CASE_OFFICER = officer(EEA, "case_officer")
HOTLINE = Principal("hou-320500", "housing_authority", "client:12345", frozenset(), "12345 热线")
PROVINCE = officer("eea-320000", "clue_officer", "case_officer", "agency_head")
STRANGER = officer("eea-320100", "clue_officer", "case_officer", "agency_head")
BODY: dict[str, Any] = {
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


def filed(desk: Desk, who: Principal = DUTY, expect: int = 201, **changes: Any) -> Any:
    """Put down a complaint."""
    return desk.post(who, "/v1/complaints", BODY | changes, expect=expect)


def step(desk: Desk, complaint: Any, name: str, who: Principal = CASE_OFFICER, expect: int = 200, **body: Any) -> Any:
    """Do something with a complaint."""
    return desk.post(who, f"/v1/complaints/{complaint['id']}/{name}", body, expect=expect)


def clue_of(desk: Desk, complaint: Any) -> Any:
    """The clue a complaint became."""
    return desk.get(OFFICER, f"/v1/clues/{complaint['clue_ref'].partition(':')[2]}")


def declined(desk: Desk, complaint: Any) -> Any:
    """Decline the clue of a complaint."""
    return desk.post(OFFICER, f"/v1/clues/{clue_of(desk, complaint)['id']}/decline", {"reason": "核查无异常"})


def answer(desk: Desk, who: Principal | None, number: str, code: str) -> Any:
    """Ask after a complaint."""
    return desk.call(who, "GET", f"/v1/complaint-answers/{number}", params={"code": code})


def everything(desk: Desk) -> dict[str, str]:
    """Every value of every table of the clue room, by table."""
    room = desk.rooms["clue"]
    with room.reading() as session:
        connection = session.connection()
        tables = inspect(connection).get_table_names()
        assert "complainants" in tables
        rows = {name: connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in tables}
    return {name: repr(found) for name, found in rows.items()}
