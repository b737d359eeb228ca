"""Assigning with a clock, redirecting to the competent agency, and keeping look-alikes of the unfounded quiet."""

import io
from datetime import timedelta

import pytest

from services.clue_service.squads.squads import all_of_them
from shared.clock import ZONE
from shared.rules.catalogue import default
from tests import journeys
from tests.desk import officer
from tests.journeys import HEAD, OFFICER, POLICE
from tests.service.clue.plant import PROVINCE, import_table, register
from tests.service.clue.test_clues import REDIRECTED, path, received, redirected, refusal, reviewed
from tests.unit.detection.carriers import START as SERIES_START
from tests.unit.detection.carriers import carrier, times

LAW = default()
NEXT_CITY = officer("eea-320600", "clue_officer", "liaison")


def clocks(desk, clue, who=OFFICER):
    """Clocks of a clue by term: state and agency."""
    items = desk.get(who, path(clue, "deadlines"))["items"]
    return {clock["term_id"]: (clock["state"], clock["party"]) for clock in items}


class TestSquads:
    def test_the_province_its_cities_and_their_counties(self):
        levels = [one.level for one in all_of_them().values()]
        assert {level: levels.count(level) for level in set(levels)} == {
            "centre": 1,
            "province": 1,
            "city": 13,
            "county": 97,
        }

    def test_the_province_gives_a_clue_to_a_county_team_with_a_clock(self, desk):
        clue = received(desk)
        until = (desk.clock.now + timedelta(hours=48)).isoformat()
        body = {"assigned_to": "王五", "squad": "squad-320583", "reply_by": until}
        given = desk.post(PROVINCE, path(clue, "assign"), body)
        assert (given["state"], given["squad"]) == ("assigned", "squad-320583")
        assert clocks(desk, clue)["clue_verification"] == ("running", "eea-320500")
        again = desk.post(OFFICER, path(clue, "assign"), {"assigned_to": "赵六", "squad": "squad-320500"})
        assert (again["squad"], clocks(desk, clue)["clue_verification"][0]) == ("squad-320500", "cancelled")

    def test_verification_meets_the_clock(self, desk):
        clue = received(desk)
        until = (desk.clock.now + timedelta(hours=5)).isoformat()
        desk.post(OFFICER, path(clue, "assign"), {"assigned_to": "x", "reply_by": until})
        desk.post(OFFICER, path(clue, "verify"), {"result": "unfounded", "findings": "台账相符"})
        assert clocks(desk, clue)["clue_verification"][0] == "met"

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [({"squad": "squad-990000"}, "unknown_squad"), ({"reply_by": "2026-09-01T00:00:00+08:00"}, "in_the_past")],
    )
    def test_wrong_squads_and_moments_are_refused(self, desk, wrong, code):
        answer = desk.call(OFFICER, "POST", path(received(desk), "assign"), json={"assigned_to": "x"} | wrong)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


class TestRedirect:
    def test_the_competent_agency_takes_it_over_within_its_clock(self, desk):
        clue = redirected(desk)
        assert clocks(desk, clue)["agreement_receipt"] == ("running", "psb-320500")
        assert clocks(desk, clue)["eep_filing_decision"][0] == "running"
        assert desk.get(POLICE, path(clue))["reason"] == REDIRECTED["reason"]
        taken = desk.post(POLICE, path(clue, "take-over"), {"note": "已受理"})
        assert taken["state"] == "taken_over"
        assert {state for state, _ in clocks(desk, clue).values()} == {"met"}

    def test_an_environment_bureau_gets_a_clue_of_its_own_on_the_same_journey(self, desk):
        clue = received(desk)
        desk.post(OFFICER, path(clue, "redirect"), {"redirected_to": "eea-320600", "reason": "企业在南通"})
        desk.post(NEXT_CITY, path(clue, "take-over"))
        own = next(one for one in desk.get(NEXT_CITY, "/v1/clues")["items"] if one["owner"] == "eea-320600")
        assert (own["state"], own["journey_id"], own["rule_id"]) == ("received", clue["journey_id"], clue["rule_id"])
        assert own["score_reasons"][-1]["clue"] == clue["ref"]
        assert clocks(desk, own, NEXT_CITY)["eep_filing_decision"] == ("running", "eea-320600")

    def test_what_is_sent_back_goes_on_where_it_was_and_the_other_acts_no_more(self, desk):
        clue = redirected(desk)
        back = desk.post(POLICE, path(clue, "send-back"), {"reason": "不属本机关职责"})
        assert (back["state"], clocks(desk, clue)["agreement_receipt"][0]) == ("received", "met")
        assert clocks(desk, clue)["eep_filing_decision"][0] == "running"
        again = desk.post(OFFICER, path(clue, "redirect"), {"redirected_to": "mra-320500", "reason": "检验机构"})
        assert refusal(desk, POLICE, path(again, "take-over"), {}) == (403, "not-your-step")

    @pytest.mark.parametrize("agency", ["eea-320500", "eea-990000"])
    def test_nobody_and_oneself_are_refused(self, desk, agency):
        body = REDIRECTED | {"redirected_to": agency}
        assert refusal(desk, OFFICER, path(received(desk), "redirect"), body) == (422, "body-invalid")

    @pytest.mark.parametrize("kind", sorted({one.kind for one in LAW.agencies.values()}))
    def test_it_goes_only_to_who_acts_on_a_clue(self, desk, kind):
        agency = next(one for one in LAW.agencies.values() if one.kind == kind and one.division == "320600")
        clue = received(desk)
        may = kind not in ("people_court", "people_procuratorate", "supervisory_commission")
        answer = desk.call(OFFICER, "POST", path(clue, "redirect"), json=REDIRECTED | {"redirected_to": agency.id})
        assert answer.status_code == (200 if may else 422)
        if not may:
            (error,) = answer.json()["errors"]
            assert (error["field"], error["code"]) == ("redirected_to", "wrong_kind_of_agency")
            assert "public_security_organ" in answer.json()["kinds"]
            assert kind not in answer.json()["kinds"]
            assert "公安机关" in answer.json()["detail"]
            assert desk.get(OFFICER, path(clue))["state"] == "received"

    def test_only_the_receiver_takes_it_over(self, desk):
        clue = redirected(desk)
        assert refusal(desk, OFFICER, path(clue, "take-over"), {}) == (403, "not-your-step")
        assert refusal(desk, NEXT_CITY, path(clue, "take-over"), {}) == (404, "not-visible")


class TestSuppression:
    def test_only_what_was_found_unfounded_suppresses_look_alikes(self, desk):
        body = {"reason": "x", "suppress_days": 30}
        clue = reviewed(desk)
        assert refusal(desk, HEAD, path(clue, "decline"), body) == (422, "body-invalid")
        assert desk.get(OFFICER, path(clue))["state"] == "reviewed"
        manual = journeys.receive_clue(desk, source="manual", rule_id=None, enterprise_id="E9")
        assert refusal(desk, HEAD, path(manual, "decline"), body) == (422, "body-invalid")
        assert desk.get(OFFICER, path(manual))["state"] == "received"

    def test_hits_are_held_back_counted_and_kept_until_the_day(self, desk):
        only = {"rules": ["R01"]}
        register(desk, "O1")
        two = times(times(carrier(), 500, 40, value=0.3), 800, 40, value=0.3)
        buffer = io.BytesIO()
        two.drop("hour").write_parquet(buffer)
        assert import_table(desk, "obs_hour", buffer.getvalue()).status_code == 200
        between = (SERIES_START + timedelta(hours=700)).replace(tzinfo=ZONE).isoformat()
        (ref,) = desk.post(OFFICER, "/v1/detections", only | {"to": between})["clues"]
        clue = desk.get(OFFICER, f"/v1/clues/{ref.partition(':')[2]}")
        desk.post(OFFICER, path(clue, "assign"), {"assigned_to": "x"})
        desk.post(OFFICER, path(clue, "verify"), {"result": "unfounded", "findings": "换用低氮燃烧器，已备案"})
        desk.post(HEAD, path(clue, "decline"), {"reason": "已备案", "suppress_days": 10})
        for times_held in (1, 2):
            found = desk.post(OFFICER, "/v1/detections", only)
            assert (found["created"], found["known"], found["suppressed"]) == (0, 1, 1)
            (held,) = desk.get(OFFICER, "/v1/suppressions")["items"]
            assert (held["rule_id"], held["clue"]) == ("R01", ref)
            assert (held["episodes"], held["hits"]) == (1, times_held)
        assert desk.call(POLICE, "GET", "/v1/suppressions").status_code == 404
        desk.clock.advance(days=11)
        assert desk.post(OFFICER, "/v1/detections", only)["created"] == 1
