"""One switch turns a case into a serious one: police early, procuratorate watching, the consultation's clock."""

import pytest

from tests import journeys
from tests.desk import officer
from tests.journeys import HEAD, OFFICER

POLICE = officer("psb-320500", "liaison")
PROCURATOR = officer("pro-320500", "liaison")
STRANGER = officer("psb-320100", "liaison")
GROUNDS = {"grounds": "涉嫌跨市非法倾倒危险废物,社会影响重大", "approved_by": "王局"}


@pytest.fixture
def case(desk):
    """A case under investigation."""
    return journeys.filed_case(desk)


def address(case, *more):
    """An address under a case."""
    return "/".join([f"/v1/cases/{case['id']}", *more])


def test_played(desk, case):
    for who in (POLICE, PROCURATOR):
        assert desk.call(who, "GET", address(case)).status_code == 404
    turned = desk.post(OFFICER, address(case, "serious"), GROUNDS)
    assert turned["stated"]["is_serious"] is True
    desk.drain()
    for who in (POLICE, PROCURATOR):
        assert desk.get(who, address(case))["id"] == case["id"]
        assert desk.get(who, address(case, "deadlines"))["items"]
    (told,) = [one for one in desk.get(POLICE, "/v1/consultations", room="referral")["items"]]
    assert (told["procedure_id"], told["state"], told["about"]) == ("early_involvement", "notified", case["ref"])
    assert told["journey_id"] == case["journey_id"]
    asked = next(
        one
        for one in desk.get(PROCURATOR, "/v1/consultations", room="referral")["items"]
        if one["procedure_id"] == "consultation"
    )
    assert (asked["state"], asked["owner"]) == ("asked", "eea-320500")
    at = desk.clock.now.isoformat()
    path = f"/v1/consultations/{asked['id']}"
    desk.post(PROCURATOR, f"{path}/steps/receive", {"stated": {"received_at": at}}, room="referral")
    (clock,) = desk.get(PROCURATOR, f"{path}/deadlines", room="referral")["items"]
    assert (clock["term_id"], clock["party"]) == ("consultation_written_reply", "pro-320500")


def test_observers_watch_and_do_nothing(desk, case):
    desk.post(OFFICER, address(case, "serious"), GROUNDS)
    for who in (POLICE, PROCURATOR):
        listed = desk.get(who, address(case, "steps"))["steps"]
        assert not [one["step_id"] for one in listed if one["allowed"]]
        assert desk.call(who, "POST", address(case, "reopen"), json={"reason": "x"}).status_code == 403
    assert desk.call(STRANGER, "GET", address(case)).status_code == 404


def test_when_it_ends_they_no_longer_see_it(desk, case):
    desk.post(OFFICER, address(case, "serious"), GROUNDS)
    desk.post(HEAD, address(case, "serious", "end"), {"reasons": "按一般案件办理"})
    for who in (POLICE, PROCURATOR):
        assert desk.call(who, "GET", address(case)).status_code == 404
    assert desk.get(OFFICER, address(case))["state"] == "investigating"
    again = desk.post(OFFICER, address(case, "serious"), GROUNDS)
    assert again["stated"]["is_serious"] is True


class TestRefused:
    def test_twice(self, desk, case):
        desk.post(OFFICER, address(case, "serious"), GROUNDS)
        refused = desk.post(OFFICER, address(case, "serious"), GROUNDS, expect=409)
        assert refused["reasons"][0]["kind"] == "guard_is_serious" or "重大案件" in refused["detail"]

    def test_what_is_not_serious_does_not_end(self, desk, case):
        assert desk.call(HEAD, "POST", address(case, "serious", "end"), json={"reasons": "x"}).status_code == 409

    def test_by_the_wrong_role(self, desk, case):
        keeper = officer("eea-320500", "evidence_keeper")
        assert desk.call(keeper, "POST", address(case, "serious"), json=GROUNDS).status_code == 403
        assert desk.call(STRANGER, "POST", address(case, "serious"), json=GROUNDS).status_code == 404

    @pytest.mark.parametrize("changes", [{"police": "pro-320500"}, {"procuratorate": "pro-999999"}, {"grounds": ""}])
    def test_who_is_none_of_that_kind(self, desk, case, changes):
        assert desk.call(OFFICER, "POST", address(case, "serious"), json=GROUNDS | changes).status_code == 422
        assert desk.call(POLICE, "GET", address(case)).status_code == 404
