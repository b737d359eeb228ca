"""Cases that refer otherwise, referrals on their way from them, and matters others open about them."""

import json
from typing import Any

from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import OFFICER, POLICE
from tests.service.referral.walking import ALL_ROLES

MARKET = officer("mra-320500", *ALL_ROLES)
OTHER_MARKET = officer("mra-320100", *ALL_ROLES)
MARKET_PROVINCE = officer("mra-320000", *ALL_ROLES)
PROVINCE = officer("eea-320000", *ALL_ROLES)
ELSEWHERE = officer("eea-320100", *ALL_ROLES)
OVER_PACKAGING = {"over_packaging": {"value": True}}


def case_path(case: Any, step: str = "") -> str:
    """The address of a case or of one of its steps."""
    return f"/v1/cases/{case['id']}" + (f"/{step}" if step else "")


def investigated(desk: Desk) -> Any:
    """A filed case with a record and a fact that meets a standard of market regulation."""
    case = journeys.filed_case(desk)
    desk.attach(OFFICER, case_path(case), "crim_records", "现场检查笔录".encode())
    return desk.post(OFFICER, case_path(case, "record"), {"facts": OVER_PACKAGING, "conduct_on": "2026-09-01"})


def drafted(desk: Desk, case: Any, procedure: str = "market_regulation_referral", **more: Any) -> Any:
    """The referral the case asked for, as its bureau sees it."""
    desk.post(OFFICER, case_path(case, "refer-otherwise"), {"procedure": procedure} | more)
    desk.drain()
    return desk.get(OFFICER, "/v1/referrals")["items"][0]


def take(desk: Desk, who: Any, referral: Any, name: str, *, expect: int = 200, **stated: Any) -> Any:
    """Take a step of a referral and let everybody hear of it."""
    answer = desk.post(who, f"/v1/referrals/{referral['id']}/steps/{name}", {"stated": stated}, expect=expect)
    desk.drain()
    return answer


def sent(desk: Desk, referral: Any) -> Any:
    """The referral to market regulation, sent."""
    address = f"/v1/referrals/{referral['id']}"
    desk.attach(OFFICER, address, "mkt_clue_materials", b"clue", received_at="2026-09-07")
    return take(desk, OFFICER, referral, "send", letter_number="苏环移市1")


def received(desk: Desk, who: Any, referral: Any) -> Any:
    """A referral, received with its manifest."""
    at = desk.clock.now.isoformat()
    return take(desk, who, referral, "receive", received_at=at, manifest_digest=referral["sent_manifest"])


def news(desk: Desk, case: Any) -> list[tuple[str, str]]:
    """What the case was told of other matters: (procedure, step), oldest first."""
    entries = desk.get(OFFICER, case_path(case, "journal") + "?limit=200")["items"]
    told = [json.loads(entry["body"])["data"] for entry in entries if entry["type"] == "case.referral_news"]
    return [(one.get("procedure_id", ""), one.get("step", "")) for one in told]


def opened_about(desk: Desk, who: Any, procedure: str, about: str, **more: Any) -> Any:
    """A matter another agency opens about a case."""
    body = {
        "procedure": procedure,
        "title": "反向移送",
        "summary": "依法应予处罚",
        "division": "320500",
        "about": about,
    }
    return desk.post(who, "/v1/referrals", body | more, expect=201)


def handed_back(desk: Desk, about: str, who: Any = POLICE) -> Any:
    """A reverse referral of the police, received by the bureau."""
    back = opened_about(desk, officer(who.agency, *ALL_ROLES), "reverse_referral_police", about)
    keeper = officer(who.agency, *ALL_ROLES)
    desk.attach(keeper, f"/v1/referrals/{back['id']}", "rev_pol_case", b"file")
    back = take(desk, keeper, back, "send", letter_number="苏公移1")
    return received(desk, OFFICER, back)
