"""Back-tests: a set against the set in force over the same series, over HTTP and on a folder of tables."""

from datetime import timedelta

import orjson
import pytest
from typer.testing import CliRunner

from scripts.rules_cli import app
from services.clue_service.demo_data import demo
from tests.journeys import OFFICER, POLICE
from tests.service.clue.office import ONE, rule
from tests.service.clue.plant import NEIGHBOUR, NOBODY, START
from tests.service.clue.test_scenario import delivered
from tests.unit.detection.test_demo import received

TIMES = {"from": START.isoformat(), "to": (START + timedelta(days=45)).isoformat()}


def tried(desk, who=OFFICER, *, expect=200, **body):
    """Back-test R01."""
    return desk.post(who, "/v1/rules/R01/back-tests", TIMES | {"parameters": {}} | body, expect=expect)


def with_clue(desk, result: str = ""):
    """The demonstration judged, its clue taken as far as a result."""
    delivered(desk)
    desk.post(OFFICER, "/v1/detections", {})
    clue = desk.get(OFFICER, "/v1/clues")["items"][0]
    if result:
        path = f"/v1/clues/{clue['id']}"
        desk.post(OFFICER, f"{path}/assign", {"assigned_to": "x"})
        desk.post(OFFICER, f"{path}/verify", {"result": result, "findings": "核查"})
    return clue


def told(part):
    """The counts of a set."""
    names = ("hits", "confirmed", "unfounded", "open", "other", "without_clue", "missed_confirmed", "precision")
    return tuple(part[name] for name in names)


class TestOverStoredSeries:
    @pytest.mark.parametrize(
        ("result", "met", "missed"),
        [
            ("", (1, 0, 0, 1, 0, 0, 0, None), 0),
            ("confirmed", (1, 1, 0, 0, 0, 0, 0, 1.0), 1),
            ("unfounded", (1, 0, 1, 0, 0, 0, 0, 0.0), 0),
            ("not_ours", (1, 0, 0, 0, 1, 0, 0, None), 0),
        ],
    )
    def test_hits_against_what_became_of_the_clues(self, desk, result, met, missed):
        with_clue(desk, result)
        said = tried(desk, parameters={"drop": 0.3})
        assert said["outlets"] == 2
        assert told(said["in_force"]) == met
        assert told(said["proposed"]) == (0, 0, 0, 0, 0, 0, missed, None)
        assert (said["only_proposed_count"], said["only_in_force_count"]) == (0, 1)
        assert said["only_in_force"][0]["entity_id"] == demo.DROPPED

    def test_no_clue_is_made_and_the_chain_has_it(self, desk):
        delivered(desk)
        said = tried(desk, parameters={"drop": 0.45})
        assert told(said["proposed"]) == told(said["in_force"]) == (1, 0, 0, 0, 0, 1, 0, None)
        assert desk.get(OFFICER, "/v1/clues")["items"] == []
        entry = rule(desk)["entries"][0]
        assert (entry["type"], entry["actor"]) == ("rule.back_tested", OFFICER.actor)
        body = orjson.loads(entry["body"])["data"]
        assert (body["proposed"]["hits"], body["proposed"]["values"]["drop"], body["from"]) == (1, 0.45, TIMES["from"])
        assert body["proposed"]["digest"] != body["in_force"]["digest"]

    def test_only_these_times_and_outlets(self, desk):
        delivered(desk)
        before = (START + timedelta(days=40)).isoformat()
        assert tried(desk, to=before)["in_force"]["hits"] == 0
        assert tried(desk, outlets=[demo.CLEAN])["in_force"]["hits"] == 0
        assert tried(desk, outlets=[demo.DROPPED])["in_force"]["hits"] == 1

    def test_interval_of_the_verified(self, desk):
        with_clue(desk, "confirmed")
        # one of one: 3.841459 / (1 + 3.841459) below
        assert tried(desk)["in_force"]["interval"] == pytest.approx([0.20655, 1.0], abs=1e-4)

    def test_who_may_and_over_what(self, desk):
        delivered(desk)
        for who in (NOBODY, POLICE):
            tried(desk, who, expect=403)
        assert tried(desk, NEIGHBOUR)["outlets"] == 0
        tried(desk, NEIGHBOUR, outlets=[demo.DROPPED], expect=404)
        assert tried(desk, ONE)["in_force"]["hits"] == 0

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"parameters": {"drop": 3}}, "parameters.drop"),
            ({"parameters": {"x": 1}}, "parameters.x"),
            ({"version": 7}, "version"),
            ({"to": TIMES["from"]}, "body"),
            ({"from": "0001-01-01T00:00:00Z"}, "body.from"),
            ({"to": "9999-12-31T23:59:59Z"}, "body.to"),
        ],
    )
    def test_what_does_not_fit_is_named(self, desk, wrong, field):
        assert tried(desk, expect=422, **wrong)["errors"][0]["field"] == field
        assert rule(desk)["entries"] == []


def test_detection_at_the_ends_of_the_calendar(desk):
    delivered(desk)
    for body in ({"from": "0001-01-01T00:00:00Z"}, {"to": "9999-12-31T23:59:59-23:00"}):
        assert desk.call(OFFICER, "POST", "/v1/detections", json=body).status_code == 422
    widest = {"from": "2001-01-01T00:00:00Z", "to": "9998-12-31T23:59:59-23:00"}
    assert desk.post(OFFICER, "/v1/detections", widest)["created"] == 1


class TestOverTables:
    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        """The demonstration as tables, with no desk beside it."""
        monkeypatch.setenv("LIANQIN_FOLDER", str(tmp_path / "nowhere"))
        monkeypatch.delenv("LIANQIN_DATABASE_SERVER", raising=False)
        received().write_parquet(tmp_path / "obs_hour.parquet")
        demo.limits().write_csv(tmp_path / "limits.csv")
        return tmp_path

    def run(self, *arguments):
        """Run the command."""
        return CliRunner().invoke(app, ["back-test", "R01", *map(str, arguments)])

    def test_against_labels(self, folder):
        labels = folder / "labels.csv"
        labels.write_text(
            "rule_id,entity_id,pollutant,from,to\n"
            f"R01,{demo.DROPPED},NOx,2026-10-13T00:00:00,2026-10-16T00:00:00\n"
            f"R01,{demo.CLEAN},,2026-10-01T00:00:00,2026-10-02T00:00:00\n"
            f"R14,{demo.CLEAN},NOx,2026-10-01T00:00:00,2026-10-02T00:00:00\n"
        )
        result = self.run("--input", folder, "--set", "drop=0.3", "--labels", labels, "--json")
        assert result.exit_code == 0, result.output
        said = orjson.loads(result.stdout)
        assert said["changed"] == {"drop": [0.52, 0.3]}
        of_set = said["in_force"]
        assert (of_set["hits"], of_set["precision"], of_set["recall"], of_set["labels"]) == (1, 1.0, 0.5, 2)
        assert (said["proposed"]["hits"], said["proposed"]["precision"], said["proposed"]["recall"]) == (0, None, 0.0)
        assert [one["from"] for one in said["only_in_force"]] == ["2026-10-13T00:00:00"]
        assert not (folder / "nowhere").exists()

    def test_for_a_reader(self, folder):
        result = self.run("--input", folder, "--set", "drop=0.45")
        assert result.exit_code == 0
        assert "drop 0.52 → 0.45" in result.stdout
        assert "命中 1 / 1 hits" in result.stdout

    @pytest.mark.parametrize("wrong", ["drop=2", "depth=1", "drop", "drop=much"])
    def test_wrong_sets(self, folder, wrong):
        assert self.run("--input", folder, "--set", wrong).exit_code == 2

    def test_wrong_labels(self, folder):
        labels = folder / "labels.csv"
        for text in ("entity_id,from\nA,2026-01-01\n", "entity_id,from,to\nA,soon,later\n"):
            labels.write_text(text)
            result = self.run("--input", folder, "--labels", labels)
            assert (result.exit_code, result.stdout) == (2, "")
