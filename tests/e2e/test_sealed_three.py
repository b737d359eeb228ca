"""Three desks: the police send a matter on to other police, whose desk hears of it from the bureau's."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import journeys
from tests.desk import Databases, FrozenClock, officer
from tests.journeys import OFFICER, POLICE
from tests.two_desks import Side, exchange_all, path, sides_of, standing

NEIGHBOUR = officer("psb-320100", "liaison")


@pytest.fixture
def sides(
    databases: Databases, second: Databases, third: Databases, tmp_path: Path, clock: FrozenClock
) -> Iterator[dict[str, Side]]:
    with ExitStack() as stack:
        names = {"bureau": databases, "police": second, "neighbour": third}
        yield sides_of(names, tmp_path, clock, stack)


def test_a_matter_that_is_forwarded_is_worked_on_the_third_desk(sides: dict[str, Side]):
    bureau, police, neighbour = (sides[name].desk for name in ("bureau", "police", "neighbour"))
    sent = journeys.sent_referral(bureau)
    exchange_all(sides)
    assert neighbour.call(NEIGHBOUR, "GET", path(sent)).status_code == 404
    at = bureau.clock.advance(hours=1).isoformat()
    body = {"receipt_number": "1", "accepted_at": at, "manifest_digest": sent["sent_manifest"]}
    police.post(POLICE, path(sent, "receipt"), body)
    police.post(POLICE, path(sent, "forward"), {"forwarded_to": "psb-320100", "confirmed_at": at})
    exchange_all(sides)
    assert bureau.get(OFFICER, path(sent))["receiver"] == "psb-320100"
    there = neighbour.get(NEIGHBOUR, path(sent))
    assert (there["state"], there["receiver"]) == ("forwarded_to_other_police", "psb-320100")
    held = neighbour.get(NEIGHBOUR, path(sent, "evidence"))["items"]
    assert len(held) == len(bureau.get(OFFICER, path(sent, "evidence"))["items"])

    at = bureau.clock.advance(hours=1).isoformat()
    neighbour.post(NEIGHBOUR, path(sent, "receipt"), body | {"receipt_number": "2", "accepted_at": at})
    exchange_all(sides)
    assert bureau.get(OFFICER, path(sent))["receipt_number"] == "2"
    assert police.get(POLICE, path(sent))["receipt_number"] == "2", "those who handed it on hear of it, too"
    decided = bureau.clock.advance(days=1).isoformat()
    decision = {"decision_number": "宁公立1号", "decided_at": decided, "notified_at": decided}
    refused = police.post(POLICE, path(sent, "file"), decision, expect=403)
    assert refused["code"] == "not-your-step"
    neighbour.post(NEIGHBOUR, path(sent, "file"), decision)
    exchange_all(sides)
    states = {
        name: side.desk.get(who, path(sent))["state"] for (name, side), who in zip(sides.items(), WHO, strict=True)
    }
    assert states == dict.fromkeys(sides, "filed")
    for side in sides.values():
        assert standing(side) == []
        side.verified()


WHO = (OFFICER, POLICE, NEIGHBOUR)
