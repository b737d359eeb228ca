"""The rules office for tests: its people, and clues with results made by performing their steps."""

from datetime import timedelta
from typing import Any

from sqlmodel import select

from services.clue_service.rules_office.models import ShadowHit
from tests.desk import Desk, officer
from tests.journeys import CITY, HEAD, OFFICER

OWNER = "eea-320000"
ONE, OTHER = officer(OWNER, "clue_officer", name="甲"), officer(OWNER, "agency_head", name="乙")
WHY = "误报偏多"


def propose(desk: Desk, rule_id: str = "R01", who: Any = ONE, *, expect: int = 201, **parameters: float) -> Any:
    """Propose a set."""
    body = {"parameters": parameters, "reasons": WHY}
    return desk.post(who, f"/v1/rules/{rule_id}/steps/propose", body, expect=expect)


def activate(desk: Desk, proposal: Any, who: Any = OTHER, *, expect: int = 200) -> Any:
    """Put a proposal in force."""
    body = {"proposal": proposal["id"], "reasons": WHY}
    return desk.post(who, f"/v1/rules/{proposal['rule_id']}/steps/activate", body, expect=expect)


def observe(desk: Desk, rule_id: str = "R01") -> Any:
    """Move a rule to shadow."""
    return desk.post(OTHER, f"/v1/rules/{rule_id}/steps/observe", {"reasons": WHY})


def rule(desk: Desk, rule_id: str = "R01", who: Any = ONE) -> Any:
    """A rule as it is shown."""
    return desk.get(who, f"/v1/rules/{rule_id}")


def shadow_hits(desk: Desk) -> list[ShadowHit]:
    """What sets in shadow found."""
    with desk.rooms["clue"].reading() as session:
        return list(session.exec(select(ShadowHit)))


def clue_of_rule(
    desk: Desk, number: int, result: str = "", *, industry: str = "火电", days: float = 2.0, **changes: Any
) -> Any:
    """A clue of R01, as far as its result: "" received, `assigned`, or what verification found."""
    ended = desk.clock.now - timedelta(days=days)
    body = {
        "title": f"陡降 {number}",
        "summary": "陡降后低位维持",
        "source": "rule",
        "enterprise_id": f"E{number}",
        "enterprise_name": f"企业{number}",
        "division": CITY,
        "entity_id": f"O{number}",
        "outlet_id": f"O{number}",
        "pollutant": "NOx",
        "rule_id": "R01",
        "rule_version": "1",
        "industry": industry,
        "discovered_at": desk.clock.now.isoformat(),
        "observed_from": (ended - timedelta(hours=20)).isoformat(),
        "observed_to": ended.isoformat(),
    }
    who = officer("eea-" + changes["division"], "clue_officer") if "division" in changes else OFFICER
    clue = desk.post(who, "/v1/clues", body | changes, expect=201)
    if result:
        desk.post(who, f"/v1/clues/{clue['id']}/assign", {"assigned_to": who.actor})
    if result not in ("", "assigned"):
        clue = desk.post(who, f"/v1/clues/{clue['id']}/verify", {"result": result, "findings": "核查记录"})
    return clue


def accepted_clue(desk: Desk, number: int, **changes: Any) -> Any:
    """A confirmed clue that was accepted."""
    clue = clue_of_rule(desk, number, "confirmed", **changes)
    desk.post(HEAD, f"/v1/clues/{clue['id']}/review", {"review_opinion": "同意"})
    return desk.post(OFFICER, f"/v1/clues/{clue['id']}/accept")
