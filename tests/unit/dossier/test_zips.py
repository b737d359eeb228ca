"""The ZIP around a bag: one form only, and nothing that could hide, overflow or lead outside."""

import os
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from shared.dossier.limits import Limits
from shared.dossier.zips import BIG, Member, ZipReader, ZipWriter, closing
from tests.unit.dossier import bags


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    return bags.write_bag(tmp_path / "dossier.zip")


def pack(path: Path, *, compress: int = zipfile.ZIP_STORED, **names: bytes) -> Path:
    with zipfile.ZipFile(path, "w", compress) as file:
        for name, content in names.items():
            file.writestr(name, content)
    return path


def test_a_bomb(tmp_path: Path):
    path = pack(tmp_path / "bomb.zip", compress=zipfile.ZIP_DEFLATED, **{"b/data/zeros": bytes(5_000_000)})
    assert bags.problems(path) == {"zip_compressed": "b/data/zeros"}


def test_a_path_outside(packed: Path, tmp_path: Path):
    content = packed.read_bytes().replace(b"dossier/data/custody.json", b"dossier/../../custody.jso")
    packed.write_bytes(content)
    assert bags.problems(packed) == {"path_outside": "dossier/../../custody.jso"}


def test_an_encrypted_entry(packed: Path):
    content = bytearray(packed.read_bytes())
    place = content.rindex(b"PK\1\2")
    content[place + 8] |= 1
    packed.write_bytes(content)
    assert "zip_encrypted" in bags.problems(packed)


def test_a_link(tmp_path: Path):
    info = zipfile.ZipInfo("b/link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    assert bags.problems(tmp_path / "link.zip") == {"link": "b/link"}


def test_something_hidden_between_entries(packed: Path):
    content = packed.read_bytes()
    second = content.index(b"PK\3\4", 10)
    packed.write_bytes(content[:second] + b"hidden" + content[second:])
    assert bags.problems(packed)


def test_overlapping_entries(packed: Path):
    content = bytearray(packed.read_bytes())
    last = content.rindex(b"PK\1\2")
    content[last + 42 : last + 46] = struct.pack("<L", 0)
    packed.write_bytes(content)
    assert bags.problems(packed)


@pytest.mark.parametrize("kept", [0, 10, 30, 500, -1, -22, -100])
def test_a_cut_file(packed: Path, kept: int):
    packed.write_bytes(packed.read_bytes()[:kept])
    assert set(bags.problems(packed)) <= {"zip_cut", "not_a_zip"}
    assert bags.problems(packed)


def test_more_than_the_limits(packed: Path):
    for limits in (Limits(files=3), Limits(total_bytes=100)):
        assert set(bags.problems(packed, replace(bags.verifier(), limits=limits))) & {"too_many_files", "too_large"}


def test_large_numbers_of_files_and_bytes(tmp_path: Path):
    """Beyond 65,535 entries the file needs ZIP64, and other programs read that, too."""
    path = tmp_path / "many.zip"
    with path.open("wb") as file:
        writer = ZipWriter(file)
        for number in range(65_600):
            writer.add(f"b/{number}", [b"x"], size=1)
        writer.close()
    reader = ZipReader(path, Limits(files=70_000))
    assert b"".join(reader.chunks("b/65599")) == b"x"
    reader.close()
    with zipfile.ZipFile(path) as file:
        assert len(file.namelist()) == 65_600


def test_an_entry_over_four_gibibytes(tmp_path: Path):
    """The header is that of ZIP64; the bytes are a hole in the file."""
    member = Member("b/large", BIG + 5, 0, 0)
    path = tmp_path / "large.zip"
    with path.open("wb") as file:
        file.write(member.local())
        os.truncate(path, member.ends)
        file.seek(member.ends)
        file.write(member.central() + closing(1, len(member.central()), member.ends))
    with zipfile.ZipFile(path) as found:
        assert found.infolist()[0].file_size == BIG + 5
    reader = ZipReader(path, Limits())
    assert reader.members == {"b/large": member}
    reader.close()
