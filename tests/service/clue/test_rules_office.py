"""Rules at this desk: shown, proposed, activated by a second person, observed, retired; and who may do so."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.clue_service.detection.running import detect_changed
from services.clue_service.rules_office.commands import MOST_OPEN
from services.clue_service.subjects import SUBJECTS
from shared.records.verifying import verify_room
from tests.desk import officer
from tests.journeys import HEAD, OFFICER, POLICE, PROSECUTOR
from tests.service.clue.office import (
    ONE,
    OTHER,
    OWNER,
    WHY,
    accepted_clue,
    activate,
    observe,
    propose,
    rule,
    shadow_hits,
)
from tests.service.clue.plant import NOBODY
from tests.service.clue.test_scenario import delivered

KEEPER = officer(OWNER, "evidence_keeper")
NEIGHBOUR_PROVINCE = officer("psb-320000", "agency_head")


class TestShown:
    def test_every_rule_with_versions_parameters_and_direction(self, desk):
        rules = {one["rule_id"]: one for one in desk.get(OFFICER, "/v1/rules")["items"]}
        assert {"R01", "R14", "R24"} <= set(rules)
        shown = rules["R01"]
        assert (shown["status"], shown["version"], shown["owner"], shown["since_at"]) == ("active", 1, OWNER, None)
        assert shown["direction"]["id"] == "D1"
        assert shown["direction"]["zh"] != shown["direction"]["en"]
        drop = next(one for one in shown["versions"][0]["parameters"] if one["name"] == "drop")
        assert {name: drop[name] for name in ("unit", "least", "most", "default")} == {
            "unit": "1",
            "least": 0.05,
            "most": 0.9,
            "default": 0.52,
        }
        assert (shown["precision"]["clues"], shown["precision"]["precision"]) == (0, None)
        assert (shown["proposals"], shown["episodes_in_shadow"]) == ([], 0)

    def test_an_unknown_rule(self, desk):
        assert desk.call(OFFICER, "GET", "/v1/rules/R99").status_code == 404
        assert desk.call(OFFICER, "GET", "/v1/rules/R99/precision").status_code == 404
        propose(desk, "R99", expect=404)


class TestRights:
    @pytest.mark.parametrize("path", ["/v1/rules", "/v1/rules/R01", "/v1/rules/R01/precision"])
    def test_only_environment_bureaus_read(self, desk, path):
        answers = {who.actor: desk.call(who, "GET", path).status_code for who in (POLICE, PROSECUTOR, NOBODY, OFFICER)}
        assert list(answers.values()) == [403, 403, 200, 200]
        assert desk.call(None, "GET", path).status_code == 401

    @pytest.mark.parametrize(
        ("who", "may"),
        [
            (ONE, (201, 200, 200)),
            (OTHER, (201, 200, 200)),
            (OFFICER, (201, 403, 403)),
            (HEAD, (201, 403, 403)),
            (KEEPER, (403, 403, 403)),
            (NOBODY, (403, 403, 403)),
            (POLICE, (403, 403, 403)),
            (NEIGHBOUR_PROVINCE, (403, 403, 403)),
        ],
        ids=lambda one: getattr(one, "actor", ""),
    )
    def test_who_proposes_activates_and_observes(self, desk, who, may):
        third = officer(OWNER, "clue_officer", name="丙")
        standing = propose(desk, who=third, drop=0.4)
        assert (
            desk.call(
                who, "POST", "/v1/rules/R01/steps/propose", json={"parameters": {"drop": 0.3}, "reasons": WHY}
            ).status_code
            == may[0]
        )
        body = {"proposal": standing["id"], "reasons": WHY}
        assert desk.call(who, "POST", "/v1/rules/R01/steps/activate", json=body).status_code == may[1]
        for step in ("observe", "retire"):
            answer = desk.call(who, "POST", f"/v1/rules/R01/steps/{step}", json={"reasons": WHY})
            assert answer.status_code == may[2]

    def test_nobody_activates_a_proposal_of_their_own(self, desk):
        made = propose(desk, drop=0.4)
        activate(desk, made, ONE, expect=403)
        assert rule(desk)["values"]["drop"] == 0.52
        assert activate(desk, made)["values"]["drop"] == 0.4

    def test_another_bureau_owns_them_by_setting(self, desk):
        desk.rooms["clue"].settings.rules_owner = "eea-320500"
        made = propose(desk, who=OFFICER, drop=0.4)
        activate(desk, made, OTHER, expect=403)
        assert activate(desk, made, HEAD)["owner"] == "eea-320500"


class TestProposals:
    @pytest.mark.parametrize(
        ("parameters", "field", "code"),
        [
            ({"drop": 0.95}, "parameters.drop", "out_of_range"),
            ({"drop": 0.4, "gap": -1}, "parameters.gap", "out_of_range"),
            ({"depth": 1}, "parameters.depth", "unknown_parameter"),
            ({"drop": "0.4"}, "body.parameters.drop", "float_type"),
            ({"drop": True}, "body.parameters.drop", "float_type"),
        ],
    )
    def test_a_wrong_parameter_is_named(self, desk, parameters, field, code):
        said = propose(desk, expect=422, **parameters)
        assert [(one["field"], one["code"]) for one in said["errors"]] == [(field, code)]
        assert rule(desk)["entries"] == []

    def test_infinity_is_no_value(self, desk):
        content = b'{"parameters": {"drop": 1e999}, "reasons": "x"}'
        answer = desk.call(ONE, "POST", "/v1/rules/R01/steps/propose", content=content)
        assert answer.status_code == 422

    def test_every_wrong_one_is_named(self, desk):
        said = propose(desk, expect=422, drop=2.0, week=0.01)
        assert [one["field"] for one in said["errors"]] == ["parameters.drop", "parameters.week"]
        assert "0.05" in said["errors"][0]["message"]

    def test_what_changes_nothing_or_stands_already(self, desk):
        propose(desk, expect=409, drop=0.52)
        propose(desk, drop=0.4)
        assert propose(desk, expect=409, drop=0.4)["code"] == "duplicate-subject"
        body = {"version": 9, "parameters": {}, "reasons": WHY}
        assert desk.post(ONE, "/v1/rules/R01/steps/propose", body, expect=422)["errors"][0]["field"] == "version"

    def test_no_more_than_so_many_run_beside(self, desk):
        for number in range(MOST_OPEN):
            last = propose(desk, drop=0.3 + number / 100)
        propose(desk, expect=409, drop=0.2)
        desk.post(ONE, "/v1/rules/R01/steps/retire", {"proposal": last["id"], "reasons": WHY})
        propose(desk, drop=0.2)
        activate(desk, last, expect=409)

    def test_two_activations_at_once(self, desk):
        made = propose(desk, drop=0.4)
        people = [officer(OWNER, "clue_officer", name=f"人{number}") for number in range(4)]
        body = {"proposal": made["id"], "reasons": WHY}
        with ThreadPoolExecutor(4) as pool:
            answers = list(
                pool.map(lambda who: desk.call(who, "POST", "/v1/rules/R01/steps/activate", json=body), people)
            )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"already-decided"}
        entries = rule(desk)["entries"]
        assert [one["type"] for one in entries] == ["rule.proposed", "rule.activated"]

    def test_the_chain_says_who_what_and_why(self, desk):
        activate(desk, propose(desk, drop=0.4, gap=3.0))
        observe(desk)
        desk.post(OTHER, "/v1/rules/R01/steps/observe", {"reasons": WHY}, expect=409)
        desk.post(OTHER, "/v1/rules/R01/steps/retire", {"reasons": WHY})
        shown = rule(desk)
        assert [one["type"] for one in shown["entries"]] == [
            "rule.proposed",
            "rule.activated",
            "rule.observed",
            "rule.retired",
        ]
        assert [one["actor"] for one in shown["entries"]] == ["甲", "乙", "乙", "乙"]
        assert '"drop":[0.52,0.4]' in shown["entries"][1]["body"]
        assert WHY in shown["entries"][1]["body"]
        assert (shown["status"], shown["values"]["drop"], shown["values"]["gap"]) == ("retired", 0.4, 3.0)
        with desk.rooms["clue"].reading() as session:
            count, broken = verify_room(session, SUBJECTS)
        assert (count, broken) == (4, [])


class TestDetection:
    def test_a_proposal_runs_beside_and_makes_no_clue(self, desk):
        delivered(desk)
        propose(desk, drop=0.45)
        found = desk.post(OFFICER, "/v1/detections", {})
        assert (found["hits"], found["created"], found["shadow"]) == (1, 1, 1)
        assert found["not_evaluable"]["R01"] == {}
        kept = shadow_hits(desk)[0]
        clue = desk.get(OFFICER, "/v1/clues")["items"][0]
        assert (kept.rule_id, kept.version, kept.entity_id, kept.pollutant, kept.times) == (
            "R01",
            1,
            clue["entity_id"],
            "NOx",
            1,
        )
        assert kept.observed_from.isoformat()[:16] == clue["observed_from"][:16]
        desk.post(OFFICER, "/v1/detections", {})
        shown = rule(desk)["proposals"][0]
        assert (shown["parameters"], shown["episodes"], shown["times_seen"]) == ({"drop": 0.45}, 1, 2)
        assert kept.parameters_digest == shown["digest"]

    def test_a_set_that_does_not_find_it(self, desk):
        delivered(desk)
        made = propose(desk, drop=0.3)
        assert desk.post(OFFICER, "/v1/detections", {})["shadow"] == 0
        activate(desk, made)
        found = desk.post(OFFICER, "/v1/detections", {})
        assert (found["hits"], found["shadow"], shadow_hits(desk)) == (0, 0, [])

    def test_the_set_in_force_makes_clues_with_its_values(self, desk):
        delivered(desk)
        activate(desk, propose(desk, drop=0.45))
        assert desk.post(OFFICER, "/v1/detections", {})["created"] == 1
        clue = desk.get(OFFICER, "/v1/clues")["items"][0]
        items = desk.get(OFFICER, f"/v1/clues/{clue['id']}/evidence")["items"]
        record = next(one for one in items if one["document"] == "clue_record")
        content = desk.call(OFFICER, "GET", f"/v1/clues/{clue['id']}/evidence/{record['id']}/content")
        assert content.json()["parameters"]["drop"] == 0.45

    @pytest.mark.parametrize("by_worker", [False, True])
    def test_a_rule_in_shadow_makes_no_clue(self, desk, by_worker):
        delivered(desk)
        observe(desk)
        for _ in range(2):
            found = detect_changed(desk.rooms["clue"]) if by_worker else desk.post(OFFICER, "/v1/detections", {})
        assert desk.get(OFFICER, "/v1/clues")["items"] == []
        assert [one.times for one in shadow_hits(desk)] == [1 if by_worker else 2]
        assert found is not None
        assert rule(desk, who=OFFICER)["episodes_in_shadow"] == 1
        assert rule(desk, who=officer("eea-320600", "clue_officer"))["episodes_in_shadow"] == 0

    def test_a_retired_rule_does_not_run(self, desk):
        delivered(desk)
        desk.post(OTHER, "/v1/rules/R01/steps/retire", {"reasons": WHY})
        found = desk.post(OFFICER, "/v1/detections", {})
        assert (found["hits"], found["shadow"], "R01" in found["not_evaluable"]) == (0, 0, False)
        assert desk.call(OFFICER, "POST", "/v1/detections", json={"rules": ["R01"]}).status_code == 422

    @pytest.mark.parametrize(("confirmed", "points"), [(0, 0.0), (1, 5.0), (2, 10.0), (3, 10.0)])
    def test_confirmed_clues_of_the_enterprise_weigh(self, desk, confirmed, points):
        delivered(desk)
        for number in range(confirmed):
            accepted_clue(desk, number, enterprise_id="ENT-DEMO", entity_id=f"OTHER-{number}")
        desk.post(OFFICER, "/v1/detections", {})
        found = [one for one in desk.get(OFFICER, "/v1/clues")["items"] if one["entity_id"] == "DEMO-OUTLET-DROP"]
        statistic = found[0]["score_reasons"][-1]["statistic"]
        # 45 strength + 25 duration (72 hours are full) + 20 corroboration + 10 history
        assert statistic["hours"] >= 72
        assert found[0]["score"] == round(45 * (1 - statistic["ratio"]) + 25 + 20 + points, 1)
