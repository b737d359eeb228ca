"""Flip any byte of a blob, a bag, a journal, a receipt or a checkpoint: `verify` names the file."""

import random
from pathlib import Path

import pytest

from shared.dossier.exact import sha256
from tests.unit.dossier import bags

PLACES = 200


def artefacts(folder: Path) -> list[Path]:
    """Every kind of file that `verify` knows."""
    zipped = bags.write_bag(folder / "dossier.zip")
    blob = bytes(range(256)) * 3
    files = {"receipt.json": bags.receipt(), "journal.ndjson": bags.journal(), "checkpoint.json": bags.checkpoint()}
    files[sha256(blob)] = blob
    for name, content in files.items():
        (folder / name).write_bytes(content)
    inside = [path for path in sorted(bags.unpack(zipped).rglob("*")) if path.is_file()]
    return [zipped, *(folder / name for name in files), *inside]


@pytest.fixture
def found(tmp_path: Path) -> list[Path]:
    return artefacts(tmp_path)


def checked_as(path: Path) -> Path:
    """What is handed to `verify`: the file itself, or the bag it lies in."""
    above = [parent for parent in path.parents if (parent / "bagit.txt").exists()]
    return above[-1] if above else path


def test_untouched_everything_holds(found: list[Path]):
    for path in found:
        assert bags.problems(checked_as(path)) == {}


def test_200_random_places(found: list[Path]):
    chance = random.Random(20260907)
    bag = checked_as(found[-1])
    for turn in range(PLACES):
        path = found[turn % len(found)]
        content = path.read_bytes()
        place, mask = chance.randrange(len(content)), chance.randrange(1, 256)
        spoilt = content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :]
        path.write_bytes(spoilt)
        failures = [
            one for report in bags.verifier().verify(bag if bag in path.parents else path) for one in report.failures
        ]
        assert failures, f"{path.name}: byte {place} xor {mask} was not seen"
        if bag in path.parents:
            name = path.relative_to(bag).as_posix()
            named = {one.path.partition(":")[0] for one in failures} | {one.say("en") for one in failures}
            assert any(name in text or "bagit" in name for text in named), (name, named)
        path.write_bytes(content)


def test_every_single_byte_of_a_receipt(found: list[Path]):
    path = next(one for one in found if one.name == "receipt.json")
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert bags.problems(path), place


def test_a_byte_more_or_less(found: list[Path]):
    for path in found[:5]:
        content = path.read_bytes()
        for changed in (content + b"\n", content[:-1], content[1:], b""):
            path.write_bytes(changed)
            assert bags.problems(path), path.name
        path.write_bytes(content)
