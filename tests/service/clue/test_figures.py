"""The funnel and the figures of a played month against a table made by hand."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.clock import ZONE
from tests.desk import Desk, officer
from tests.journeys import CITY, FACTS, HEAD, OFFICER, POLICE
from tests.service.clue.plant import PROVINCE
from tests.service.clue.visits import made

TABLE = yaml.safe_load(Path(__file__).with_name("played_month.yaml").read_text(encoding="utf-8"))
SEPTEMBER = {"from": "2026-09-01", "to": "2026-09-30"}
ORDER = ("received", "assigned", "verified", "opened", "referred")


def report(desk: Desk, told: dict[str, Any]) -> Any:
    """Report a clue as often as it was reported."""
    body = {
        "title": f"线索 {told['enterprise']}",
        "summary": "模型命中",
        "source": "rule" if told["rule"] else "manual",
        "enterprise_id": told["enterprise"],
        "enterprise_name": f"示例{told['enterprise']}厂",
        "division": CITY,
        "industry": told["industry"],
        "rule_id": told["rule"],
        "rule_version": "1" if told["rule"] else None,
        "entity_id": told["enterprise"],
        "discovered_at": desk.clock.now.isoformat(),
    }
    for _ in range(told["reports"]):
        clue = desk.post(OFFICER, "/v1/clues", body, expect=201)
    return clue


def play(desk: Desk, told: dict[str, Any]) -> None:
    """Play one clue as far as it comes, on its day."""
    desk.clock.now = datetime(2026, 9, 1, 9, 0, tzinfo=ZONE) + timedelta(days=told["day"] - 1)
    clue = report(desk, told)
    path, ends = f"/v1/clues/{clue['id']}", told["ends"]
    if ends == "redirected":
        desk.post(OFFICER, f"{path}/redirect", {"redirected_to": "psb-320500", "reason": "属公安机关管辖"})
        desk.post(POLICE, f"{path}/take-over")
    if ends in ("received", "redirected"):
        return
    desk.post(OFFICER, f"{path}/assign", {"assigned_to": "张甲"})
    if ends == "assigned":
        return
    found = {"result": told["result"], "method": told["method"], "findings": "核查情况"}
    if told["method"] == "on_site":
        found["inspection_ref"] = made(desk, enterprise_id=told["enterprise"])["ref"]
    desk.post(OFFICER, f"{path}/verify", found)
    if ends == "verified":
        return
    desk.post(HEAD, f"{path}/review", {"review_opinion": "同意"})
    if ends == "declined":
        desk.post(HEAD, f"{path}/decline", {"reason": "不属实"})
        return
    desk.post(OFFICER, f"{path}/accept")
    desk.drain()
    if ends == "referred":
        refer(desk, desk.get(OFFICER, path)["case_ref"])


def refer(desk: Desk, case_ref: str) -> None:
    """File the case, record facts that meet a standard, and ask for its referral."""
    path = f"/v1/cases/{case_ref.partition(':')[2]}"
    certificates = ["苏环执001", "苏环执002"]
    filing = {"case_no": "1", "officers": ["张甲", "李乙"], "officer_certificates": certificates}
    desk.post(HEAD, f"{path}/file", filing)
    item = desk.attach(OFFICER, path, "crim_records", b"record")
    facts = {name: fact | {"evidence": [item["id"]]} for name, fact in FACTS.items()}
    desk.post(OFFICER, f"{path}/record", {"facts": facts, "conduct_on": "2026-08-20"})
    desk.post(OFFICER, f"{path}/refer", {"suspected_offence": "污染环境罪"})
    desk.drain()


@pytest.fixture
def month(desk: Desk) -> Desk:
    """The month, played; asked about at the end of the next one."""
    for told in TABLE["clues"]:
        play(desk, told)
    desk.clock.now = datetime(2026, 10, 31, 9, 0, tzinfo=ZONE)
    return desk


def read(desk: Desk, who: Any, by: str, **span: str) -> Any:
    """The funnel by one dimension."""
    return desk.get(who, "/v1/clue-figures", params=SEPTEMBER | {"by": by} | span)


def test_a_played_month_is_what_was_counted_by_hand(month):
    found = read(month, OFFICER, "rule")
    assert {row["key"]: {name: row[name] for name in TABLE["by_rule"][row["key"]]} for row in found["rows"]} == TABLE[
        "by_rule"
    ]
    assert {name: found["total"][name] for name in TABLE["total"]} == TABLE["total"]
    industries = read(month, OFFICER, "industry")["rows"]
    assert {row["key"]: [row["clues"], row["verified"], row["confirmed"]] for row in industries} == TABLE["by_industry"]
    months = read(month, OFFICER, "month", to="2026-10-31")["rows"]
    assert {row["key"]: (row["clues"], row["signals"]) for row in months} == {"2026-09": (9, 15), "2026-10": (1, 2)}
    assert [row["key"] for row in read(month, PROVINCE, "city")["rows"]] == ["eea-320500"]
    visits = month.get(OFFICER, "/v1/clue-figures/visits", params=SEPTEMBER)["rows"]
    assert visits == [{"agency": "eea-320500", **TABLE["visits"]}]


def test_who_may_ask(month):
    neighbour = officer("eea-320600", "clue_officer")
    assert read(month, neighbour, "rule")["rows"] == []
    assert month.call(POLICE, "GET", "/v1/clue-figures", params=SEPTEMBER).status_code == 404
    assert month.call(None, "GET", "/v1/clue-figures", params=SEPTEMBER).status_code == 401
    wrong = month.call(OFFICER, "GET", "/v1/clue-figures", params={"from": "2026-09-30", "to": "2026-09-01"})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "out_of_order")
