"""Drills: sets are taken whole or not at all, squads hand in for themselves, scores say why."""

import io
from datetime import timedelta

import polars as pl
import pytest

from services.clue_service.detection.catalogue import current, load
from services.clue_service.drills import sets
from shared.errors import BodyTooLarge
from tests.desk import officer
from tests.journeys import EEA, OFFICER, POLICE
from tests.service.clue.drilling import (
    CENTRE,
    MARK,
    NEIGHBOUR,
    OTHER,
    OUTSIDE,
    TEAM,
    body,
    give,
    modelled,
    path,
    played,
    prepared,
    running,
    screened,
    verified,
    zipped,
)


class TestHandingIn:
    def test_a_model_is_run_over_the_set_and_scored_with_reasons(self, desk, archive):
        drill = running(desk, archive)
        assert (drill["state"], drill["mark"]) == ("open", MARK)
        assert drill["labels"] > 20
        whole = modelled(desk, drill)
        few = modelled(desk, drill, rules=["R14", "R01"])
        assert whole["score"] > 80 > few["score"] > 0
        assert few["numbers"]["recall"] < whole["numbers"]["recall"]
        assert any(reason["zh"].startswith("R02：漏") for reason in few["reasons"])

    def test_parameters_change_what_is_found(self, desk, archive):
        drill = running(desk, archive)
        rule = ["R15"]
        usual = modelled(desk, drill, rules=rule)
        strict = modelled(desk, drill, rules=rule, parameters={"R15": most_strict("R15")})
        assert strict["numbers"]["recall"] < usual["numbers"]["recall"]

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"parameters": {"R01": {"nothing": 1}}}, "out_of_range"),
            ({"parameters": {"R99": {"x": 1}}}, "unknown_rule"),
            ({"rules": ["R14"], "parameters": {"R01": {}}}, "unknown_rule"),
            ({"squad": "squad-990000"}, "unknown_squad"),
        ],
    )
    def test_what_does_not_fit_is_named(self, desk, archive, given, code):
        drill = running(desk, archive)
        answer = desk.call(OFFICER, "POST", path(drill, "models"), json={"squad": TEAM} | given)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)

    def test_screening_and_verification_are_scored_once(self, desk, archive):
        drill = running(desk, archive)
        assert desk.call(OFFICER, "POST", path(drill, "verifications"), json=results_of(1)).status_code == 422
        assert 0 < screened(desk, drill)["score"] <= 100
        assert screened(desk, drill, expect=409)["code"] == "already-decided"
        assert verified(desk, drill)["numbers"]["overlap"] > 0.3
        assert verified(desk, drill, expect=409)["code"] == "already-decided"

    def test_to_reject_everything_leaves_nothing_to_verify(self, desk, archive):
        drill = running(desk, archive)
        accepted, rejected = screened(desk, drill), screened(desk, drill, NEIGHBOUR, OTHER, "rejected")
        assert accepted["score"] + rejected["score"] == pytest.approx(100, abs=0.2)
        answer = desk.call(OTHER, "POST", path(drill, "verifications"), json=results_of(1) | {"squad": NEIGHBOUR})
        assert answer.json()["errors"][0]["code"] == "unknown_hit"

    def test_three_models_and_no_more(self, desk, archive):
        drill = running(desk, archive)
        attempts = [modelled(desk, drill, rules=["R14"])["attempt"] for _ in range(3)]
        assert attempts == [1, 2, 3]
        assert modelled(desk, drill, rules=["R14"], expect=409)["code"] == "already-decided"

    def test_only_within_the_span(self, desk, archive):
        begins = (desk.clock.now + timedelta(hours=1)).isoformat()
        drill = running(desk, archive, begins_at=begins)
        assert modelled(desk, drill, rules=["R14"], expect=409)["code"] == "step-refused"
        desk.clock.advance(hours=1)
        modelled(desk, drill, rules=["R14"])
        desk.clock.advance(days=2)
        assert modelled(desk, drill, rules=["R14"], expect=409)["code"] == "step-refused"


def results_of(number: int):
    """A result on one hit."""
    return {"squad": TEAM, "results": [{"hit": number, "result": "confirmed", "findings": "x"}]}


def most_strict(rule_id: str) -> dict[str, float]:
    """A rule's parameters, each at the end of its range that is further from the default."""
    rule = next(one for one in current(load()) if one.id == rule_id)
    return {
        name: max(one.range, key=lambda end, value=one.value: abs(end - value)) for name, one in rule.parameters.items()
    }


class TestSet:
    @pytest.mark.parametrize(
        ("files", "code"),
        [
            (None, "unreadable"),
            ({"notes.txt": b"x"}, "unknown_table"),
            ({"../../obs_hour.exe": b"x"}, "unknown_table"),
            ({"labels.parquet": b"x"}, "no_table"),
            ({"weather.csv": b"ts,rain_mm\n2026-03-01 00:00:00,1\n"}, "no_labels"),
            ({"weather.csv": b"ts,rain_mm\n2026-03-01 00:00:00,1\n", "labels.parquet": b"x"}, "unreadable_labels"),
            ({"weather.csv": b"ts,rain_mm\n2026-03-01 00:00:00,wet\n", "labels.parquet": b"x"}, "wrong_type"),
            ({"a/weather.csv": b"ts,rain_mm\n", "b/weather.csv": b"ts,rain_mm\n"}, "unknown_table"),
        ],
    )
    def test_a_set_that_is_wrong_is_named_and_nothing_kept(self, desk, files, code):
        drill = prepared(desk)
        answer = give(desk, drill, b"PK\x03\x04 no zip" if files is None else zipped(files))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
        assert desk.get(CENTRE, path(drill))["state"] == "prepared"
        assert list(sets.folder_of(desk.rooms["clue"], drill["id"]).iterdir()) == []

    def test_labels_of_another_type_are_refused(self, desk):
        buffer = io.BytesIO()
        words = {name: ["x"] for name in ("rule_id", "entity_id", "from", "to", "strength")}
        pl.DataFrame(words).write_parquet(buffer)
        files = {"weather.csv": b"ts,rain_mm\n2026-03-01 00:00:00,1\n", "labels.parquet": buffer.getvalue()}
        answer = give(desk, prepared(desk), zipped(files))
        assert answer.json()["errors"][0]["code"] == "wrong_labels"

    def test_an_archive_that_swells_is_stopped_by_what_comes_out_of_it(self, tmp_path):
        (tmp_path / "bomb.zip").write_bytes(zipped({"obs_hour.csv": b"0" * 10_000_000}))
        with pytest.raises(BodyTooLarge):
            sets.unpack(tmp_path / "bomb.zip", tmp_path, 1_000_000)

    def test_a_set_is_given_once(self, desk, archive):
        drill = running(desk, archive)
        assert give(desk, drill, archive).status_code == 409

    def test_squads_read_the_tables_and_nobody_the_labels(self, desk, archive, labelled_folder):
        drill = running(desk, archive)
        table = desk.call(OFFICER, "GET", path(drill, "tables", "weather"))
        assert table.content == (labelled_folder / "weather.parquet").read_bytes()
        assert table.headers["x-lianqin-mark"] == "DRILL"
        assert "DRILL-weather.parquet" in table.headers["content-disposition"]
        for who in (OFFICER, CENTRE):
            assert desk.call(who, "GET", path(drill, "tables", "labels")).status_code == 404
        assert desk.call(OFFICER, "GET", path(drill, "tables", "..%2flabels")).status_code in (404, 422)


class TestRights:
    @pytest.mark.parametrize("who", [OFFICER, POLICE, officer("eea-320000", "auditor"), OUTSIDE])
    def test_only_the_centre_prepares_a_drill(self, desk, who):
        assert desk.call(who, "POST", "/v1/drills", json=body(desk)).status_code == 403

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"squads": ["squad-990000"]}, "unknown_squad"),
            ({"ends_at": "2026-01-01T00:00:00+08:00"}, "out_of_order"),
            ({"begins_at": "2027-01-01T00:00:00+08:00"}, "out_of_order"),
        ],
    )
    def test_a_drill_that_does_not_fit_is_named(self, desk, changes, code):
        answer = desk.call(CENTRE, "POST", "/v1/drills", json=body(desk) | changes)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)

    def test_every_route_denies_whoever_does_not_take_part(self, desk, archive):
        drill = running(desk, archive)
        reads = ["", "hits", "scores", "tables/weather"]
        writes = {"models": {"squad": TEAM}, "close": {}, "wipe": {}, "verifications": results_of(1)}
        for who in (OUTSIDE, POLICE):
            assert [desk.call(who, "GET", path(drill, *more.split())).status_code for more in reads] == [404] * 4
            found = [desk.call(who, "POST", path(drill, more), json=given) for more, given in writes.items()]
            assert [answer.status_code for answer in found] == [404] * 4
            assert desk.get(who, "/v1/drills")["items"] == []
            assert give(desk, drill, archive, who).status_code == 404
        for more in reads:
            assert desk.call(None, "GET", path(drill, *more.split())).status_code == 401

    def test_a_squad_hands_in_for_itself_alone_and_runs_nothing(self, desk, archive):
        drill = running(desk, archive)
        assert modelled(desk, drill, NEIGHBOUR, OFFICER, expect=403)["code"] == "not-your-step"
        modelled(desk, drill, TEAM, officer(EEA, "auditor"), expect=403)
        modelled(desk, drill, TEAM, CENTRE, expect=403)
        modelled(desk, drill, "squad-320500", OFFICER, expect=403)
        for step in ("close", "wipe"):
            assert desk.call(OFFICER, "POST", path(drill, step)).status_code == 403

    def test_scores_of_others_are_seen_once_it_is_closed(self, desk, archive):
        drill = played(desk, archive)
        mine = desk.get(OTHER, path(drill, "scores"))
        assert ({one["squad"] for one in mine["scores"]}, mine["ranking"]) == ({NEIGHBOUR}, [])
        assert {one["squad"] for one in desk.get(CENTRE, path(drill, "scores"))["scores"]} == {TEAM, NEIGHBOUR}
        desk.post(CENTRE, path(drill, "close"))
        theirs = desk.get(OTHER, path(drill, "scores"))
        assert {one["squad"] for one in theirs["scores"]} == {TEAM, NEIGHBOUR}
