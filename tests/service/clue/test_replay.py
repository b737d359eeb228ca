"""`lianqin detect --replay`: every clue of the demonstration judged again from its frozen bytes, bit for bit."""

import zipfile

import orjson
import pytest
from typer.testing import CliRunner

from scripts.detect_cli import app
from tests.journeys import OFFICER, receive_clue
from tests.service.clue.office import activate, propose
from tests.service.clue.test_scenario import delivered, evidence_of


@pytest.fixture
def lianqin(desk, monkeypatch):
    """The command over this desk."""
    settings = desk.rooms["clue"].settings
    for name in ("folder", "database_server", "database_prefix"):
        monkeypatch.setenv(f"LIANQIN_{name.upper()}", str(getattr(settings, name)))
    return lambda *parts: CliRunner().invoke(app, ["--replay", *map(str, parts)])


@pytest.fixture
def clues(desk):
    """The clues of the demonstration."""
    delivered(desk)
    desk.post(OFFICER, "/v1/detections", {})
    found = desk.get(OFFICER, "/v1/clues")["items"]
    assert found
    return found


@pytest.fixture
def folder(desk, clues, tmp_path):
    """The slice and the record of a clue as files."""
    place = tmp_path / "evidence"
    place.mkdir()
    for item, content in evidence_of(desk, clues[0]).values():
        (place / item["name"]).write_bytes(content)
    return place


def changed(folder, **values):
    """Change what the record states."""
    path = next(folder.glob("*.json"))
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | values))


class TestOfTheRoom:
    def test_every_clue_comes_out_the_same(self, clues, lianqin):
        for clue in clues:
            result = lianqin(clue["ref"], "--json")
            assert result.exit_code == 0, result.output
            said = orjson.loads(result.stdout)
            assert (said["same"], [one["rule_id"] for one in said["slices"]]) == (True, ["R01"])
            assert said["slices"][0]["differences"] == {}

    def test_a_clue_that_grew_has_several_slices(self, desk, lianqin):
        delivered(desk)
        desk.post(OFFICER, "/v1/detections", {"to": "2026-09-02T00:00:00+08:00"})
        desk.post(OFFICER, "/v1/detections", {})
        clue = desk.get(OFFICER, "/v1/clues")["items"][0]
        result = lianqin(clue["id"])
        assert (result.exit_code, result.stdout.count("完全一致")) == (0, 2)

    def test_a_clue_of_a_tuned_set(self, desk, lianqin):
        delivered(desk)
        activate(desk, propose(desk, drop=0.45))
        desk.post(OFFICER, "/v1/detections", {})
        assert lianqin(desk.get(OFFICER, "/v1/clues")["items"][0]["ref"]).exit_code == 0

    def test_a_slice_changed_in_the_store(self, desk, clues, lianqin):
        sha256 = evidence_of(desk, clues[0])["clue_slice"][0]["sha256"]
        place = next(path for path in (desk.rooms["clue"].settings.folder / "blobs").rglob(f"*{sha256[4:]}"))
        place.chmod(0o640)
        place.write_bytes(place.read_bytes() + b"x")
        result = lianqin(clues[0]["ref"], "--json")
        assert (result.exit_code, list(orjson.loads(result.stdout)["slices"][0]["differences"])) == (1, ["digest"])

    def test_nothing_to_judge(self, desk, lianqin):
        assert lianqin(receive_clue(desk)["ref"]).exit_code == 2
        assert lianqin("clue:00000000-0000-0000-0000-000000000000").exit_code == 2
        assert lianqin("no/such/place").exit_code == 2


class TestOfFiles:
    def test_folder_and_zip(self, folder, lianqin, tmp_path):
        assert lianqin(folder).exit_code == 0
        with zipfile.ZipFile(tmp_path / "clue.zip", "w") as archive:
            for path in folder.iterdir():
                archive.write(path, f"clue/{path.name}")
        result = lianqin(tmp_path / "clue.zip", "--json")
        assert (result.exit_code, orjson.loads(result.stdout)["same"]) == (0, True)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("severity", 12.3),
            ("grade", "C"),
            ("from", "2026-08-31T01:00:00+08:00"),
            ("to", "2026-09-01T00:00:00+08:00"),
            ("entity_id", "X"),
        ],
    )
    def test_another_record_is_not_the_same(self, folder, lianqin, name, value):
        changed(folder, **{name: value})
        result = lianqin(folder, "--json")
        assert (result.exit_code, list(orjson.loads(result.stdout)["slices"][0]["differences"])) == (1, [name])

    def test_the_last_bit_of_a_statistic(self, folder, lianqin):
        path = next(folder.glob("*.json"))
        statistic = orjson.loads(path.read_bytes())["statistic"]
        changed(folder, statistic=statistic | {"ratio": statistic["ratio"] * (1 + 2**-52)})
        result = lianqin(folder)
        assert (result.exit_code, "statistic" in result.stdout) == (1, True)

    def test_parameters_under_which_it_is_no_hit(self, folder, lianqin):
        path = next(folder.glob("*.json"))
        changed(folder, parameters=orjson.loads(path.read_bytes())["parameters"] | {"drop": 0.1})
        result = lianqin(folder, "--json")
        assert (result.exit_code, list(orjson.loads(result.stdout)["slices"][0]["differences"])) == (1, ["hit"])

    def test_one_flipped_bit_of_the_slice(self, folder, lianqin):
        path = next(folder.glob("*.parquet"))
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        result = lianqin(folder, "--json")
        assert (result.exit_code, list(orjson.loads(result.stdout)["slices"][0]["differences"])) == (1, ["digest"])

    def test_what_is_no_clue(self, tmp_path, lianqin):
        (tmp_path / "x.json").write_text("{}")
        (tmp_path / "broken.zip").write_text("no archive")
        assert lianqin(tmp_path).exit_code == 2
        assert lianqin(tmp_path / "broken.zip").exit_code == 2
