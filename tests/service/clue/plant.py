"""A plant for tests: two outlets whose devices send the demonstration's frames."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx

from services.clue_service.demo_data import demo
from services.clue_service.intake.hj212 import encode
from shared.clock import ZONE
from tests.desk import Desk, officer
from tests.journeys import CITY, EEA, OFFICER

START = datetime(2026, 7, 20, tzinfo=ZONE)
"""45 days of the demonstration end on 3 September, before the clock of the tests."""
INJECTED_AT = "2026-08-31T00:00:00"
NEIGHBOUR = officer("eea-320600", "clue_officer")
PROVINCE = officer("eea-320000", "clue_officer")
POLICE = officer("psb-320500", "liaison")
NOBODY = officer(EEA, "auditor")
MN = next(iter(demo.OUTLETS))


def outlet(**changes: Any) -> dict[str, Any]:
    """The body that registers an outlet."""
    body: dict[str, Any] = {
        "mn": MN,
        "enterprise_id": "ENT-DEMO",
        "enterprise_name": "示例热电有限公司",
        "division": CITY,
        "medium": "gas",
        "industry": "火电",
        "std_o2": 15.0,
        "limits": [{"pollutant": "NOx", "limit": demo.LIMIT, "full_scale": demo.FULL_SCALE}],
    }
    return body | changes


def register(desk: Desk, outlet_id: str = demo.CLEAN, **changes: Any) -> Any:
    """Register an outlet and return it."""
    answer = desk.call(OFFICER, "PUT", f"/v1/outlets/{outlet_id}", json=outlet(**changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


def register_both(desk: Desk) -> None:
    """Register both outlets of the demonstration."""
    for mn, outlet_id in demo.OUTLETS.items():
        register(desk, outlet_id, mn=mn)


def send(desk: Desk, content: bytes, who: Any = OFFICER) -> httpx.Response:
    """Post frames."""
    return desk.call(who, "POST", "/v1/hj212/messages", content=content, headers={"content-type": "text/plain"})


def sent(desk: Desk, content: bytes) -> Any:
    """Post frames and expect them to be taken up, whatever became of each."""
    answer = send(desk, content)
    assert answer.status_code == 200, answer.text
    return answer.json()


def hour(at: str = "20260901080000", *, mn: str = MN, value: float = 50.0, head: str = "", area: str = "") -> bytes:
    """One hour frame (CN=2061) with a NOx value in mg/m³."""
    area = area or f"DataTime={at};a21002-Avg={value},a21002-ZsAvg={value},a21002-Flag=N;a19001-Avg=8.0,a19001-Flag=N"
    return encode(f"QN=20260901090200000;ST=31;CN=2061;PW=123456;MN={mn};Flag=5;{head}CP=&&{area}&&")


def import_table(
    desk: Desk, table: str, content: bytes, *, who: Any = OFFICER, partial: bool = False
) -> httpx.Response:
    """Import a table."""
    params = {"partial": "true"} if partial else {}
    return desk.call(who, "POST", f"/v1/imports/{table}", content=content, params=params)


def process_environment(desk: Desk, **changes: Any) -> dict[str, str]:
    """The environment of a process that works on the desk's databases."""
    settings = desk.rooms["clue"].settings
    stated = {name: getattr(settings, name) for name in ("folder", "database_server", "database_prefix")} | changes
    return {**os.environ, **{f"LIANQIN_{name.upper()}": str(value) for name, value in stated.items()}}


@contextmanager
def door_process(desk: Desk) -> Iterator[int]:
    """The HJ 212 door as a process of its own; gives its port, and at the end asks it to stop in order."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = process_environment(desk, hj212_port=port)
    program = "from services.clue_service.intake.door import main; main()"
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 30
        while not is_open(port):
            assert time.monotonic() < end
            time.sleep(0.05)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def is_open(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0
