"""Rules on imported tables: their sets in shadow, and the history of an enterprise that the tables name."""

import polars as pl

from services.clue_service.detection.history import of_tables, weights
from services.clue_service.detection.running import detect_changed
from tests.journeys import OFFICER
from tests.service.clue.office import accepted_clue, observe, rule, shadow_hits
from tests.service.clue.plant import import_table
from tests.unit.detection.ledgers import manifest, table

SHORT = {"recv_t": 15.0, "truck": "苏B1"}


def imported(desk, *rows):
    """Import manifests."""
    frame = table("manifests", rows).with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S"))
    answer = import_table(desk, "manifests", frame.write_csv().encode())
    assert answer.status_code == 200, answer.text


def suspicious():
    """Two transfers of one truck at one time, both short of what was sent."""
    return manifest(1, **SHORT), manifest(1, manifest_no="X", **SHORT)


def test_a_rule_on_manifests_in_shadow_makes_no_clue(desk):
    observe(desk, "R19")
    imported(desk, *suspicious())
    found = detect_changed(desk.rooms["clue"])
    assert (found.hits, found.created) == (0, 0)
    assert found.shadow > 0
    kept = shadow_hits(desk)
    assert len(kept) == found.shadow
    assert {(one.rule_id, one.owner) for one in kept} == {("R19", OFFICER.agency)}
    assert rule(desk, "R19", OFFICER)["episodes_in_shadow"] == len(kept)
    assert desk.get(OFFICER, "/v1/clues")["items"] == []


def test_the_shippers_confirmed_clues_weigh(desk):
    imported(desk, *suspicious())
    room = desk.rooms["clue"]
    frame = table("manifests", [manifest(1), manifest(2, shipper="E2")])
    entities = of_tables({"manifests": frame})
    assert entities == {"20263201000001": "E1", "20263201000002": "E2"}
    assert weights(room, entities, now=desk.clock.now) == {}
    accepted_clue(desk, 1, enterprise_id="E1")
    assert weights(room, entities, now=desk.clock.now) == {"20263201000001": 0.5}
    accepted_clue(desk, 2, enterprise_id="E1")
    desk.clock.advance(days=729)
    assert weights(room, entities, now=desk.clock.now) == {"20263201000001": 1.0}
    desk.clock.advance(days=2)
    assert weights(room, entities, now=desk.clock.now) == {}
