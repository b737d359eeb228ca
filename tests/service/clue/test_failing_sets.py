"""A set in shadow that breaks stops no run: it is taken out, journalled, and the rule's owner is told."""

import pytest

from services.clue_service.detection.catalogue import documents, parse
from services.clue_service.detection.running import Window, rules, tables_of
from services.clue_service.outlets import queries
from services.clue_service.rules_office import packs
from services.clue_service.rules_office.failing import run_beside, set_apart
from services.clue_service.rules_office.registry import tuned
from services.clue_service.subjects import SUBJECTS
from shared.records.verifying import verify_room
from tests.journeys import OFFICER
from tests.service.clue.office import OTHER, WHY, activate, observe, propose, rule
from tests.service.clue.test_rule_packs import made, sent, signer
from tests.service.clue.test_scenario import delivered

__all__ = ["signer"]
LACKING = "\n".join(line for line in documents()["R01", 1].splitlines() if not line.startswith("  gap:"))
"""R01 without a parameter its function reads."""


def taken(desk, signer):
    """Take in a pack whose R01 breaks in every run, as a desk did whose function read less; returns its proposal."""
    document = LACKING.replace("version: 1", "version: 2")
    pack = made(
        signer,
        desk,
        rules=[{"id": "R01", "version": 2, "document": document}],
        sets=[{"rule": "R01", "version": 2, "parameters": {}, "status": "active"}],
    )
    with pytest.MonkeyPatch.context() as then:
        then.setattr(packs, "newest", lambda rule_id: parse(document, rule_id))
        assert sent(desk, pack).status_code == 200
    return rule(desk)["proposals"][0]


def ran(desk):
    """Run every set over what was delivered."""
    room = desk.rooms["clue"]
    with room.reading() as session:
        outlets = queries.to_judge(session, None, by=OFFICER)
    return run_beside(tables_of(room, outlets, Window()), rules(room))


def episodes(found):
    """Which episodes a run found, by rule and version."""
    return [(one.rule_id, one.rule_version, one.entity_id, one.from_at) for one in found.hits]


def test_the_others_find_what_they_find_without_it(desk, signer):
    delivered(desk)
    propose(desk, drop=0.45)
    alone, none = ran(desk)
    assert (len(alone.hits), none) == (2, [])
    taken(desk, signer)
    found, failures = ran(desk)
    assert [(one.rule.id, one.rule.version, type(one.error)) for one in failures] == [("R01", 2, KeyError)]
    assert sorted(episodes(found)) == sorted(episodes(alone))
    assert found.not_evaluable == alone.not_evaluable


def test_a_proposal_that_broke_is_taken_out_and_the_owner_told(desk, signer):
    delivered(desk)
    proposal = taken(desk, signer)
    desk.drain()
    desk.to_gateway.clear()
    room, (_, failures) = desk.rooms["clue"], ran(desk)
    set_apart(room, failures)
    set_apart(room, failures)  # two runs at a time may meet the same set
    shown = rule(desk)
    assert (shown["status"], shown["proposals"]) == ("active", [])
    entry = shown["entries"][-1]
    assert [one["type"] for one in shown["entries"]] == ["rule.imported", "rule.proposed", "rule.failed"]
    assert entry["actor"] == "system:clue"
    for words in ('"error":"KeyError"', '"place":"drop.py:', proposal["id"], proposal["digest"]):
        assert words in entry["body"]
    body = {"proposal": proposal["id"], "reasons": WHY}
    assert desk.post(OTHER, "/v1/rules/R01/steps/activate", body, expect=409)["code"] == "already-decided"
    assert ran(desk)[1] == []
    desk.drain()
    told = [one["data"] for one in desk.to_gateway if one["type"] == "notice.raised"]
    assert {(one["agency"], one["role"], one["type"], one["level"]) for one in told} == {
        ("eea-320000", "agency_head", "rule.failed", "urgent"),
        ("eea-320000", "clue_officer", "rule.failed", "urgent"),
    }
    assert "KeyError drop.py" in told[0]["body_zh"]
    assert "runs no more" in told[0]["body_en"]
    with room.reading() as session:
        assert verify_room(session, SUBJECTS)[1] == []


def test_an_observed_rule_that_broke_is_retired(desk, signer):
    delivered(desk)
    activate(desk, taken(desk, signer))
    observe(desk)
    _, failures = ran(desk)
    set_apart(desk.rooms["clue"], failures)
    shown = rule(desk)
    assert (shown["status"], shown["version"]) == ("retired", 2)
    assert [one["type"] for one in shown["entries"]][-2:] == ["rule.observed", "rule.failed"]
    assert ran(desk)[1] == []


def test_what_was_activated_in_the_meantime_is_left_alone(desk, signer):
    delivered(desk)
    proposal = taken(desk, signer)
    _, failures = ran(desk)
    activate(desk, proposal)
    set_apart(desk.rooms["clue"], failures)
    assert (rule(desk)["status"], rule(desk)["entries"][-1]["type"]) == ("active", "rule.activated")


def test_a_set_in_force_that_breaks_is_not_hidden(desk, signer):
    delivered(desk)
    activate(desk, taken(desk, signer))
    with pytest.raises(KeyError):
        ran(desk)
    room = desk.rooms["clue"]
    active = [one for one in rules(room) if one.id == "R01"]
    with room.reading() as session:
        outlets = queries.to_judge(session, None, by=OFFICER)
    beside = [*active, tuned(active[0], {"drop": 0.45}, active[0].status.SHADOW)]
    with pytest.raises(KeyError):
        run_beside(tables_of(room, outlets, Window()), beside)


def test_clues_are_made_beside_a_set_that_breaks(desk, signer):
    delivered(desk)
    taken(desk, signer)
    found = desk.post(OFFICER, "/v1/detections", {})
    assert (found["hits"], found["created"]) == (1, 1)
    assert [one["type"] for one in rule(desk)["entries"]][-1] == "rule.failed"
