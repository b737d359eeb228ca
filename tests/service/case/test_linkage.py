"""A river incident that touches two cities: linked cases with one lead, shared facts, separate competence."""

from datetime import timedelta

import pytest

from shared.records.verifying import verify_room
from tests import journeys
from tests.desk import officer
from tests.journeys import HEAD, OFFICER

LEAD = officer("eea-320500", "case_officer", "liaison")
UPSTREAM = officer("eea-320200", "case_officer", "liaison")
UPSTREAM_HEAD = officer("eea-320200", "agency_head")
STRANGER = officer("eea-320100", "case_officer", "liaison")
PROVINCE = officer("eea-320000", "agency_head", "liaison")
POLICE = officer("psb-320500", "liaison")


def path(linkage, *more):
    """An address under a linkage."""
    return "/".join([f"/v1/linkages/{linkage['id']}", *map(str, more)])


def opened(desk, case, **changes):
    """A linkage on a case, not yet proposed."""
    body = {
        "procedure": "cross_region_linkage",
        "title": "望虞河锑浓度异常事件",
        "summary": "下游断面锑浓度超标,疑上游来水",
        "division": "320500",
        "about": case["ref"],
        "parties": {"partner": ["eea-320200"], "copied": ["psb-320500"]},
        "stated": {"linkage_relation": "upstream_downstream", "waters": "望虞河"},
    } | changes
    return desk.post(LEAD, "/v1/linkages", body, expect=201)


@pytest.fixture
def linkage(desk):
    """A proposed linkage on a case under investigation."""
    found = opened(desk, journeys.filed_case(desk))
    return desk.post(LEAD, path(found, "steps", "propose"), {"stated": {}})


def joining(desk, **changes):
    """What the upstream city says when it joins."""
    return {
        "title": "望虞河上游涉锑企业排查",
        "summary": "上游企业疑似超标排放",
        "division": "320200",
        "enterprise_id": "ENT-SHANGYOU",
        "enterprise_name": "待查",
        "discovered_at": (desk.clock.now - timedelta(hours=2)).isoformat(),
        "contact": "上游联络员 000",
    } | changes


def test_played_from_the_incident_to_its_end(desk, linkage):
    desk.post(LEAD, path(linkage, "shared-facts"), {"facts": {"exceedance_multiple": FACT}})
    joined = desk.post(UPSTREAM, path(linkage, "join"), joining(desk))
    assert joined["state"] == "linked"
    (theirs,) = desk.get(UPSTREAM, "/v1/cases")["items"]
    assert (theirs["owner"], theirs["state"]) == ("eea-320200", "discovered")
    assert theirs["journey_id"] == linkage["journey_id"]
    (clock,) = desk.get(UPSTREAM, f"/v1/cases/{theirs['id']}/deadlines")["items"]
    assert (clock["term_id"], clock["party"]) == ("eep_filing_decision", "eea-320200")
    desk.post(UPSTREAM, path(linkage, "shared-facts"), {"facts": {"exceedance_multiple": FACT | {"value": 5}}})
    shared = desk.get(LEAD, path(linkage))["facts"]
    assert {name: fact["value"] for name, fact in shared.items()} == {
        "eea-320500.exceedance_multiple": 3,
        "eea-320200.exceedance_multiple": 5,
    }
    desk.post(PROVINCE, path(linkage, "lead"), {"agency": "eea-320200", "reason": "源头在上游"})
    leads = {one["agency"]: one["leads"] for one in desk.get(LEAD, path(linkage, "members"))}
    assert leads == {"eea-320500": False, "eea-320200": True}
    body = {"case_no": "锡环立〔2026〕9号", "officers": ["陈一", "孙二"], **CERTIFICATES}
    desk.clock.advance(days=1)
    desk.post(UPSTREAM_HEAD, f"/v1/cases/{theirs['id']}/file", body)
    told = desk.get(LEAD, path(linkage, "timeline"))
    assert [(one["agency"], one["step"]) for one in told if one["agency"] == "eea-320200"] == [
        ("eea-320200", "open_case"),
        ("eea-320200", "join"),
        ("eea-320200", "share_facts"),
        ("eea-320200", "file_case"),
    ]
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)
    closed = desk.post(LEAD, path(linkage, "steps", "close"), {"stated": {"outcome": "两地分别处罚"}})
    assert closed["state"] == "closed"
    with desk.rooms["case"].reading() as session:
        assert verify_room(session, desk.rooms["case"].subjects)[1] == []


FACT = {"value": 3, "unit": "times_over_standard"}
CERTIFICATES = {"officer_certificates": journeys.INSPECTION["officer_certificates"]}


class TestSeparateCompetence:
    def test_each_sees_its_own_case_and_only_milestones_of_the_other(self, desk, linkage):
        desk.post(UPSTREAM, path(linkage, "join"), joining(desk))
        (theirs,) = desk.get(UPSTREAM, "/v1/cases")["items"]
        for who in (LEAD, OFFICER, HEAD, STRANGER, POLICE):
            assert desk.call(who, "GET", f"/v1/cases/{theirs['id']}").status_code == 404
        mine = desk.get(OFFICER, "/v1/cases")["items"]
        assert theirs["id"] not in [one["id"] for one in mine]
        for case in mine:
            assert desk.call(UPSTREAM, "GET", f"/v1/cases/{case['id']}").status_code == 404
        told = desk.get(LEAD, path(linkage, "timeline"))
        assert all(set(one) == MILESTONE for one in told)

    def test_nobody_else_sees_it(self, desk, linkage):
        for address in (path(linkage), path(linkage, "members"), path(linkage, "timeline")):
            assert desk.call(STRANGER, "GET", address).status_code == 404
        assert desk.call(STRANGER, "POST", path(linkage, "join"), json=joining(desk)).status_code == 404
        assert desk.get(POLICE, path(linkage))["state"] == "proposed"
        assert desk.call(POLICE, "POST", path(linkage, "join"), json=joining(desk)).status_code == 403

    def test_before_it_is_proposed_the_other_city_knows_nothing(self, desk):
        found = opened(desk, journeys.filed_case(desk))
        assert desk.call(UPSTREAM, "GET", path(found)).status_code == 404


MILESTONE = {"at", "agency", "subject", "step", "step_zh", "step_en", "state_zh", "state_en"}


class TestRefused:
    def test_without_a_case_of_one_s_own(self, desk):
        case = journeys.filed_case(desk)
        body = {"procedure": "cross_region_linkage", "title": "x", "summary": "x", "division": "320200"}
        body |= {"parties": {"partner": ["eea-320500"]}, "stated": {"linkage_relation": "opposite_banks"}}
        refused = desk.post(UPSTREAM, "/v1/linkages", body, expect=422)
        assert refused["errors"][0]["field"] == "about"
        answer = desk.call(UPSTREAM, "POST", "/v1/linkages", json=body | {"about": case["ref"]})
        assert answer.status_code == 404

    def test_joining_twice_opens_one_case(self, desk, linkage):
        desk.post(UPSTREAM, path(linkage, "join"), joining(desk))
        refused = desk.post(UPSTREAM, path(linkage, "join"), joining(desk), expect=422)
        assert refused["errors"][0]["code"] == "joined_already"
        assert len(desk.get(UPSTREAM, "/v1/cases")["items"]) == 1

    def test_a_city_that_is_not_concerned_says_so(self, desk, linkage):
        desk.post(UPSTREAM, path(linkage, "decline"), {"reason": "上游未见异常"})
        (part,) = [one for one in desk.get(LEAD, path(linkage, "members")) if one["agency"] == "eea-320200"]
        assert (part["state"], part["reason"]) == ("declined", "上游未见异常")
        assert desk.call(UPSTREAM, "POST", path(linkage, "join"), json=joining(desk)).status_code == 403

    def test_only_the_superior_designates_and_only_who_joined_leads(self, desk, linkage):
        body = {"agency": "eea-320200", "reason": "x"}
        for who in (LEAD, UPSTREAM):
            assert desk.call(who, "POST", path(linkage, "lead"), json=body).status_code == 403
        refused = desk.post(PROVINCE, path(linkage, "lead"), body, expect=422)
        assert refused["errors"][0]["code"] == "not_taking_part"

    @pytest.mark.parametrize(
        "facts",
        [{"nothing_known": {"value": 1}}, {"exceedance_multiple": {"value": "many"}}],
    )
    def test_facts_the_catalogue_does_not_know(self, desk, linkage, facts):
        assert desk.call(LEAD, "POST", path(linkage, "shared-facts"), json={"facts": facts}).status_code == 422

    def test_discovered_in_the_future(self, desk, linkage):
        later = (desk.clock.now + timedelta(hours=1)).isoformat()
        body = joining(desk, discovered_at=later)
        assert desk.call(UPSTREAM, "POST", path(linkage, "join"), json=body).status_code == 422
        assert desk.get(UPSTREAM, "/v1/cases")["items"] == []
