"""What became of a rule's clues, against a table counted by hand; a rule that is mostly wrong is only observed."""

import time
from datetime import timedelta
from threading import Event, Thread

import pytest

from services.clue_service.detection.running import keep_detecting
from services.clue_service.rules_office.observing import observe_unreliable
from tests.journeys import OFFICER
from tests.service.clue.office import ONE, OTHER, activate, clue_of_rule, propose, rule
from tests.service.clue.plant import NEIGHBOUR, POLICE, PROVINCE

NANTONG = "320600"


def played(desk):
    """Twelve clues: 8 in Suzhou (6 of power plants, 2 of steel works), 4 in Nantong, the last three in October.

    | city    | trade | results                                                     |
    |---------|-------|-------------------------------------------------------------|
    | Suzhou  | 火电  | confirmed, confirmed, corrected, unfounded, not ours, open  |
    | Suzhou  | 钢铁  | confirmed, assigned                                         |
    | Nantong | 火电  | unfounded; October: confirmed, unfounded, received          |
    """
    results = ("confirmed", "confirmed", "corrected", "unfounded", "not_ours", "")
    for number, result in enumerate(results):
        clue_of_rule(desk, number, result, days=1.0)
    clue_of_rule(desk, 6, "confirmed", industry="钢铁", days=4.0)
    clue_of_rule(desk, 7, "assigned", industry="钢铁", days=4.0)
    clue_of_rule(desk, 8, "unfounded", division=NANTONG, days=2.0)
    desk.clock.advance(days=40)
    for number, result in ((9, "confirmed"), (10, "unfounded"), (11, "")):
        clue_of_rule(desk, number, result, division=NANTONG, days=10.0)
    clue_of_rule(desk, 12, "unfounded", source="manual")


def counted(part):
    """The counts of a part."""
    return tuple(part[name] for name in ("clues", "accepted", "verified", "confirmed"))


class TestPrecision:
    def test_the_played_months(self, desk):
        played(desk)
        said = desk.get(PROVINCE, "/v1/rules/R01/precision")
        assert counted(said["total"]) == (12, 10, 8, 5)
        assert said["total"]["precision"] == 0.625
        # n = 8, p = 0.625, z = 1.959964: centre 0.58444, half width 0.27873
        assert said["total"]["interval"] == pytest.approx([0.30574, 0.86316], abs=1e-4)
        # 1 six times, 2 once, 4 twice, 10 three times: the middle two are 1 and 2
        assert said["total"]["median_days"] == 1.5
        cities = {one["of"]: counted(one) for one in said["by_city"]}
        assert cities == {"eea-320500": (8, 7, 5, 4), "eea-320600": (4, 3, 3, 1)}
        trades = {one["of"]: counted(one) for one in said["by_industry"]}
        assert trades == {"火电": (10, 8, 7, 4), "钢铁": (2, 2, 1, 1)}
        months = {one["of"]: (counted(one), one["median_days"]) for one in said["by_month"]}
        assert months == {"2026-09": ((9, 8, 6, 4), 1.0), "2026-10": ((3, 2, 2, 1), 10.0)}

    def test_each_bureau_sees_what_it_may(self, desk):
        played(desk)
        assert counted(desk.get(OFFICER, "/v1/rules/R01/precision")["total"]) == (8, 7, 5, 4)
        assert counted(desk.get(NEIGHBOUR, "/v1/rules/R01/precision")["total"]) == (4, 3, 3, 1)
        listed = {one["rule_id"]: one for one in desk.get(PROVINCE, "/v1/rules")["items"]}
        assert counted(listed["R01"]["precision"]) == (12, 10, 8, 5)
        assert counted(listed["R14"]["precision"]) == (0, 0, 0, 0)

    @pytest.mark.parametrize(
        ("to", "taker", "counts"),
        [("eea-320600", NEIGHBOUR, (1, 0, 0, 0)), ("psb-320500", POLICE, (1, 0, 0, 0))],
    )
    def test_a_clue_taken_over_is_counted_once(self, desk, to, taker, counts):
        clue = clue_of_rule(desk, 1)
        body = {"redirected_to": to, "reason": "不属本机关管辖"}
        desk.post(OFFICER, f"/v1/clues/{clue['id']}/redirect", body)
        desk.post(taker, f"/v1/clues/{clue['id']}/take-over")
        said = desk.get(PROVINCE, "/v1/rules/R01/precision")
        assert counted(said["total"]) == counts
        assert [one["of"] for one in said["by_city"]] == [to if to.startswith("eea") else "eea-320500"]


def verified(desk, confirmed: int, unfounded: int) -> None:
    """Clues of R01 with results."""
    for number in range(confirmed + unfounded):
        clue_of_rule(desk, number, "confirmed" if number < confirmed else "unfounded")


class TestObserving:
    @pytest.mark.parametrize(
        ("confirmed", "unfounded", "moved"),
        [(0, 19, []), (5, 15, ["R01"]), (6, 14, []), (0, 20, ["R01"]), (20, 0, [])],
    )
    def test_below_thirty_of_a_hundred_over_twenty(self, desk, confirmed, unfounded, moved):
        verified(desk, confirmed, unfounded)
        assert observe_unreliable(desk.rooms["clue"]) == moved
        assert rule(desk)["status"] == ("shadow" if moved else "active")

    def test_it_is_journalled_and_the_owner_told_once(self, desk):
        verified(desk, 5, 15)
        desk.drain()
        desk.to_gateway.clear()
        room = desk.rooms["clue"]
        assert (observe_unreliable(room), observe_unreliable(room)) == (["R01"], [])
        entry = rule(desk)["entries"][0]
        assert (entry["type"], entry["actor"]) == ("rule.observed", "system:clue")
        assert '"verified":20' in entry["body"]
        assert '"confirmed":5' in entry["body"]
        desk.drain()
        told = [one["data"] for one in desk.to_gateway if one["type"] == "notice.raised"]
        assert {(one["agency"], one["role"], one["type"], one["level"], one["subject"]) for one in told} == {
            ("eea-320000", "agency_head", "rule.observed", "urgent", "rule:R01"),
            ("eea-320000", "clue_officer", "rule.observed", "urgent", "rule:R01"),
        }
        # 5 of 20, Wilson: 11.2 % to 46.9 %
        assert "25.0%，95% 区间 11.2%–46.9%" in told[0]["body_zh"]
        assert "of 20 verified clues 5 were true" in told[0]["body_en"]

    def test_the_worker_does_it_before_it_runs_the_rules(self, desk):
        verified(desk, 0, 20)
        room, stop = desk.rooms["clue"], Event()
        room.settings.detect_seconds = 0.01
        worker = Thread(target=keep_detecting, args=(room, stop))
        worker.start()
        try:
            until = time.monotonic() + 10
            while rule(desk)["status"] == "active" and time.monotonic() < until:
                time.sleep(0.02)
        finally:
            stop.set()
            worker.join()
        assert rule(desk)["status"] == "shadow"

    def test_a_set_activated_later_begins_anew(self, desk):
        verified(desk, 0, 20)
        room = desk.rooms["clue"]
        assert observe_unreliable(room) == ["R01"]
        desk.clock.advance(hours=1)
        activate(desk, propose(desk, who=ONE, drop=0.4), OTHER)
        assert rule(desk)["status"] == "active"
        assert observe_unreliable(room) == []
        desk.clock.advance(hours=1)
        for number in range(30, 50):
            clue_of_rule(desk, number, "unfounded")
        assert observe_unreliable(room) == ["R01"]

    def test_a_result_is_taken_into_account_when_it_changes(self, desk):
        verified(desk, 5, 14)
        last = clue_of_rule(desk, 40, "unfounded", observed_to=(desk.clock.now - timedelta(days=1)).isoformat())
        assert desk.get(PROVINCE, "/v1/rules/R01/precision")["total"]["precision"] == 0.25
        desk.post(OFFICER, f"/v1/clues/{last['id']}/verify-again", {"reason": "补充核查"})
        body = {"result": "confirmed", "findings": "补充核查属实"}
        desk.post(OFFICER, f"/v1/clues/{last['id']}/verify", body)
        assert observe_unreliable(desk.rooms["clue"]) == []
