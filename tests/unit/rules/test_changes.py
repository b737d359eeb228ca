"""What changed between two days, and the law packed into one file and taken out again."""

import json
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest

from shared.rules import catalogue
from shared.rules.catalogue import DATA
from shared.rules.changes import changes
from shared.rules.packing import PackRefused, pack, unpack

LAW = catalogue.default()


def told(since: date, until: date) -> dict[str, str]:
    """Return what happened to each entry that differs."""
    return {change.id: change.what for change in changes(LAW, since, until)}


def test_the_amended_interpretation_of_2026_03_30() -> None:
    assert told(date(2026, 3, 29), date(2026, 3, 30)) == {
        "crim229_2023": "went",
        "crim229_gains_300k": "came",
        "crim229_repeat": "came",
        "crim229_volume": "came",
        "crim285_3_emission_cheat_tool": "came",
        "crim338_auto_monitoring_falsification": "came",
        "crim338_auto_monitoring_falsification_2023": "went",
    }


def test_the_code_of_2026_08_15_stands_beside_what_it_replaced() -> None:
    found = told(date(2026, 8, 14), date(2026, 8, 15))
    assert found["det_epl63_3"] == "went"
    assert found["det_fd1108_evasion_discharge"] == "came"
    assert found["fd_limitation_harm"] == "came"
    assert "crim338_hazardous_waste_3t" not in found


def test_nothing_changes_between_a_day_and_itself_and_back_is_the_opposite() -> None:
    assert told(date(2026, 8, 15), date(2026, 8, 15)) == {}
    there, back = told(date(2026, 8, 14), date(2026, 8, 15)), told(date(2026, 8, 15), date(2026, 8, 14))
    opposite = {"came": "went", "went": "came", "changed": "changed"}
    assert back == {name: opposite[what] for name, what in there.items()}


class TestPack:
    def test_the_same_law_gives_the_same_bytes_and_comes_out_whole(self, tmp_path: Path) -> None:
        digest = pack(tmp_path / "a.zip")
        pack(tmp_path / "b.zip")
        assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
        assert unpack(tmp_path / "a.zip", tmp_path / "law", current=LAW).digest == digest == LAW.digest

    def changed(self, tmp_path: Path, name: str, content: bytes, *, digest: str | None = None) -> Path:
        """Return a pack in which one file has other content, or a file more."""
        pack(tmp_path / "a.zip")
        with zipfile.ZipFile(tmp_path / "a.zip") as old, zipfile.ZipFile(tmp_path / "b.zip", "w") as new:
            for entry in old.namelist():
                if entry != name and not (digest and entry == "catalogue.json"):
                    new.writestr(entry, old.read(entry))
            new.writestr(name, content)
            if digest:
                new.writestr("catalogue.json", json.dumps({"digest": digest}))
        return tmp_path / "b.zip"

    @pytest.mark.parametrize("name", ["law/../evil.yaml", "/law/a.yaml", "law//a.yaml", "law/a.py", "other/a.yaml"])
    def test_a_path_that_has_no_place_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(PackRefused, match="no place"):
            unpack(self.changed(tmp_path, name, b"x: 1"), tmp_path / "law", current=LAW)
        assert not (tmp_path / "law").exists()

    def test_a_changed_number_is_refused_by_its_digest(self, tmp_path: Path) -> None:
        name = "law/deadlines/agency_agreement.yaml"
        text = (DATA / "deadlines" / "agency_agreement.yaml").read_text(encoding="utf-8")
        text = text.replace("amount: 3", "amount: 4")
        with pytest.raises(PackRefused, match="digest"):
            unpack(self.changed(tmp_path, name, text.encode()), tmp_path / "law", current=LAW)

    def test_broken_law_is_refused_with_its_line(self, tmp_path: Path) -> None:
        with pytest.raises(PackRefused, match=r"roles\.yaml:1"):
            unpack(self.changed(tmp_path, "law/roles.yaml", b"rules: []"), tmp_path / "law", current=LAW)

    def test_what_is_no_pack_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "x.zip").write_bytes(b"not a zip")
        with pytest.raises(PackRefused, match="not a packed catalogue"):
            unpack(tmp_path / "x.zip", tmp_path / "law", current=LAW)

    def test_a_catalogue_that_edits_a_procedure_in_use_is_refused(self, tmp_path: Path) -> None:
        copy = tmp_path / "copy"
        shutil.copytree(DATA, copy)
        file = copy / "procedures" / "consultation.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("收到书面咨询", "接到书面咨询"), encoding="utf-8")
        pack(tmp_path / "c.zip", copy)
        with pytest.raises(PackRefused, match=r"consultation v1 \(edited\)"):
            unpack(tmp_path / "c.zip", tmp_path / "law", current=LAW)

    def test_an_agreed_time_may_be_replaced(self, tmp_path: Path) -> None:
        copy = tmp_path / "copy"
        shutil.copytree(DATA, copy)
        file = copy / "deadlines" / "agency_agreement.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("amount: 3", "amount: 5"), encoding="utf-8")
        pack(tmp_path / "c.zip", copy)
        found = unpack(tmp_path / "c.zip", tmp_path / "law", current=LAW)
        assert found.term("agreement_receipt").amount == 5
        assert found.digest != LAW.digest

    def test_a_folder_in_use_is_not_overwritten(self, tmp_path: Path) -> None:
        pack(tmp_path / "a.zip")
        (tmp_path / "law").mkdir()
        (tmp_path / "law" / "mine.yaml").write_text("mine: 1")
        with pytest.raises(PackRefused, match="not empty"):
            unpack(tmp_path / "a.zip", tmp_path / "law", current=LAW)
