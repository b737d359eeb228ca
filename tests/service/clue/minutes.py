"""Frames of minute, day and real-time data for tests, and how what they brought is read."""

from typing import Any

from services.clue_service.demo_data import demo
from services.clue_service.intake.hj212 import encode
from tests.desk import Desk
from tests.journeys import OFFICER
from tests.service.clue.plant import MN

PATH = f"/v1/outlets/{demo.CLEAN}/readings"
AREA = "a21002-Min=49.10,a21002-Avg=50.0,a21002-Max=51,a21002-Cou=1.5,a21002-Flag=N;a00000-Avg=2,a00000-Flag=N"
CN = {"minute": "2051", "day": "2031", "real_time": "2011"}


def frame(
    at: str = "20260901080000", area: str = AREA, *, kind: str = "minute", head: str = "", flag: int = 5
) -> bytes:
    """One frame of minute, day or real-time data."""
    start = f"QN=20260901090200000;ST=31;CN={CN[kind]};PW=123456;MN={MN};Flag={flag}"
    return encode(f"{start};{head}CP=&&DataTime={at};{area}&&")


def read(desk: Desk, query: str = "kind=minute", who: Any = OFFICER) -> list[dict[str, Any]]:
    """The moments of the outlet."""
    items: list[dict[str, Any]] = desk.get(who, f"{PATH}?{query}")["items"]
    return items


def nox(value: float) -> str:
    """The items of one factor."""
    return f"a21002-Avg={value},a21002-Flag=N"
