"""Bags: the Library of Congress validates ours; each way a bag can be wrong is refused with its reason."""

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import bagit
import pytest

from shared.dossier.exact import exact, sha256
from shared.dossier.findings import Report
from shared.dossier.keys import PublicKey, Signer
from shared.dossier.signatures import sign
from tests.unit.dossier import bags
from tests.unit.dossier.bags import EEA, KEYS, NOW, PSB


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    return bags.write_bag(tmp_path / "dossier.zip")


@pytest.fixture
def folder(packed: Path) -> Path:
    return bags.unpack(packed)


def rehash(folder: Path, *, is_signed: bool = True) -> None:
    """Write the manifests and the signature anew, as a forger with the sender's key would."""
    listed = [path for path in sorted((folder / "data").rglob("*")) if path.is_file()]
    lines = [f"{sha256(path.read_bytes())}  {path.relative_to(folder).as_posix()}\n" for path in listed]
    (folder / "manifest-sha256.txt").write_text("".join(lines), encoding="utf-8")
    info = folder / "bag-info.txt"
    kept = [line for line in info.read_text(encoding="utf-8").splitlines() if not line.startswith("Payload-Oxum")]
    kept.append(f"Payload-Oxum: {sum(path.stat().st_size for path in listed)}.{len(listed)}")
    info.write_text("\n".join(kept) + "\n", encoding="utf-8")
    retag(folder, is_signed=is_signed)


def retag(folder: Path, *, is_signed: bool = True) -> None:
    """Write the tag manifest and the signature anew."""
    tags = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt")
    lines = [f"{sha256((folder / name).read_bytes())}  {name}\n" for name in tags]
    (folder / "tagmanifest-sha256.txt").write_text("".join(lines), encoding="utf-8")
    if is_signed:
        (signed,) = (folder / "signatures").iterdir()
        signed.write_bytes(exact(sign("".join(lines).encode(), EEA, at=NOW)))


def test_the_library_of_congress_validates_ours(folder: Path):
    bagit.Bag(str(folder)).validate()
    assert bags.problems(folder) == {}


def test_both_profiles_at_once(tmp_path: Path):
    gm = bags.gm_signer()
    path = bags.write_bag(tmp_path / "both.zip", signers=(EEA, gm), suites=("sm2-sm3",))
    known = PublicKey(gm.agency, gm.suite, gm.public, NOW)
    assert bags.problems(path, bags.verifier(*KEYS, known)) == {}
    assert (bags.unpack(path) / "manifest-sm3.txt").exists()
    bagit.Bag(str(tmp_path / "unpacked" / "both")).validate()


def test_any_program_reads_the_zip(packed: Path):
    with zipfile.ZipFile(packed) as found:
        assert found.testzip() is None
        assert {info.compress_type for info in found.infolist()} == {zipfile.ZIP_STORED}
        assert found.read("dossier/data/evidence/item-1/现场笔录.txt") == "现场检查笔录".encode()


WRONG: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a changed byte": (
        lambda bag: (bag / "data/evidence/item-2/photo.jpg").write_bytes(b"x" * 2304),
        "file_changed",
        "data/evidence/item-2/photo.jpg",
    ),
    "a missing file": (
        lambda bag: (bag / "data/evidence/item-2/photo.jpg").unlink(),
        "file_missing",
        "data/evidence/item-2/photo.jpg",
    ),
    "a file too many": (lambda bag: (bag / "data/extra.txt").write_text("x"), "file_unlisted", "data/extra.txt"),
    "a tag file too many": (lambda bag: (bag / "notes.txt").write_text("x"), "file_unlisted", "notes.txt"),
    "no declaration": (lambda bag: (bag / "bagit.txt").unlink(), "file_missing", "bagit.txt"),
    "another declaration": (lambda bag: (bag / "bagit.txt").write_text("BagIt 1\n"), "declaration_wrong", "bagit.txt"),
    "no manifest": (lambda bag: (bag / "manifest-sha256.txt").unlink(), "manifest_missing", ""),
    "no tag manifest": (
        lambda bag: (bag / "tagmanifest-sha256.txt").unlink(),
        "signature_unreadable",
        "signatures/eea-320500-4cbd89662c0e6fb7.json",
    ),
    "an unknown hash": (lambda bag: (bag / "manifest-rot13.txt").write_text("x"), "hash_unknown", "manifest-rot13.txt"),
    "files elsewhere": (
        lambda bag: (bag / "fetch.txt").write_text("https://a 1 data/x\n"),
        "fetch_refused",
        "fetch.txt",
    ),
    "a path outside": (
        lambda bag: append(bag / "manifest-sha256.txt", f"{'0' * 64}  data/../../etc/passwd\n"),
        "path_outside",
        "manifest-sha256.txt: data/../../etc/passwd",
    ),
    "an absolute path": (
        lambda bag: append(bag / "manifest-sha256.txt", f"{'0' * 64}  /etc/passwd\n"),
        "path_outside",
        "manifest-sha256.txt: /etc/passwd",
    ),
    "a line nobody can read": (
        lambda bag: append(bag / "manifest-sha256.txt", "what is this\n"),
        "manifest_line",
        "manifest-sha256.txt",
    ),
    "listed twice": (
        lambda bag: append(bag / "manifest-sha256.txt", f"{'0' * 64}  data/manifest.json\n"),
        "manifest_twice",
        "data/manifest.json",
    ),
    "another count": (
        lambda bag: (bag / "bag-info.txt").write_text("Payload-Oxum: 1.1\n"),
        "oxum_wrong",
        "bag-info.txt",
    ),
    "a link": (
        lambda bag: (bag / "data/link").symlink_to("/etc/hostname"),
        "link",
        "data/link",
    ),
    "no signature": (lambda bag: shutil.rmtree(bag / "signatures"), "unsigned", ""),
}


def append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line)


@pytest.mark.parametrize("name", list(WRONG))
def test_a_folder_that_is_wrong(folder: Path, name: str):
    spoil, code, path = WRONG[name]
    spoil(folder)
    found = bags.problems(folder)
    if name == "no declaration":  # then it is no bag's folder any more, and none of its files is one
        assert found["not_recognised"]
    else:
        assert found[code] == path, found


def test_letters_in_another_case(folder: Path):
    (folder / "data/evidence/ITEM-1").mkdir()
    (folder / "data/evidence/ITEM-1/现场笔录.txt").write_text("x")
    assert "name_collision" in bags.problems(folder)


class TestForgedBySender:
    """Everything hashed and signed anew: what the dossier says still has to agree with itself."""

    def test_a_journal_entry_rewritten(self, folder: Path):
        path = folder / "data/journal.ndjson"
        path.write_bytes(path.read_bytes().replace(b"u7b2c2", b"u7b2c9"))
        rehash(folder)
        assert bags.problems(folder) == {"entry_changed": "data/journal.ndjson:2"}

    def test_a_journal_entry_left_out(self, folder: Path):
        path = folder / "data/journal.ndjson"
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:1] + lines[2:]))
        rehash(folder)
        assert {"entry_place", "entry_chain", "journal_end"} == set(bags.problems(folder))

    def test_an_item_replaced(self, folder: Path):
        (folder / "data/evidence/item-1/现场笔录.txt").write_text("另一份")
        rehash(folder)
        assert set(bags.problems(folder)) == {"item_differs"}

    def test_an_item_left_out_or_added(self, folder: Path):
        (folder / "data/evidence/item-1/现场笔录.txt").unlink()
        (folder / "data/evidence/item-9").mkdir()
        (folder / "data/evidence/item-9/x.txt").write_text("x")
        rehash(folder)
        assert set(bags.problems(folder)) == {"item_missing", "item_unlisted"}

    def test_a_receipt_of_another_subject(self, folder: Path):
        (folder / "data/receipts/1.json").write_bytes(bags.receipt(subject="referral:other"))
        rehash(folder)
        assert bags.problems(folder) == {"subject_differs": "data/receipts/1.json"}

    def test_a_false_receipt_inside(self, folder: Path):
        path = folder / "data/receipts/1.json"
        path.write_bytes(path.read_bytes().replace("1号".encode(), "2号".encode()))
        rehash(folder)
        assert bags.problems(folder) == {"signature_over_other": "data/receipts/1.json"}

    def test_a_message_bound_to_another_manifest(self, folder: Path):
        message = {"id": "m", "type": "step.taken", "subject": bags.SUBJECT, "data": {"manifest_digest": "0" * 64}}
        (folder / "data/message.json").write_bytes(exact(message))
        rehash(folder)
        assert bags.problems(folder) == {"message_differs": "data/message.json"}


class TestSigners:
    def test_an_unknown_signer_holds_together_only(self, packed: Path):
        (report,) = bags.verifier(KEYS[1]).verify(packed)
        assert [one.code for one in report.failures] == ["signer_unknown"]
        assert report.has("files_hold")
        assert "holds together, but the signer is unknown" in report.failures[0].en

    def test_the_right_name_with_the_wrong_key(self, tmp_path: Path):
        thief = Signer(EEA.agency, EEA.suite, bytes(32))
        path = bags.write_bag(tmp_path / "thief.zip", signers=(thief,))
        assert set(bags.problems(path)) == {"signer_unknown"}

    def test_signed_by_another_agency(self, tmp_path: Path):
        path = bags.write_bag(tmp_path / "other.zip", signers=(PSB,))
        assert set(bags.problems(path)) == {"not_signed_by_sender"}

    def test_a_signature_of_another_bag(self, folder: Path, tmp_path: Path):
        other = bags.unpack(bags.write_bag(tmp_path / "second.zip", documents__note=b"x"))
        (signature,) = (other / "signatures").iterdir()
        shutil.copyfile(signature, folder / "signatures" / signature.name)
        assert set(bags.problems(folder)) == {"signature_over_other"}

    def test_a_key_that_had_ended(self, packed: Path):
        ended = replace(KEYS[0], valid_from=NOW - timedelta(days=9), valid_until=NOW)
        assert set(bags.problems(packed, bags.verifier(ended))) == {"key_not_valid_then"}
        still = replace(ended, valid_until=NOW + timedelta(seconds=1))
        assert bags.problems(packed, bags.verifier(still)) == {}

    def test_an_unknown_suite(self, folder: Path):
        (signature,) = (folder / "signatures").iterdir()
        signature.write_bytes(signature.read_bytes().replace(b"ed25519-sha256", b"ed25519-sha255"))
        assert set(bags.problems(folder)) == {"suite_unavailable"}


def test_the_report_is_in_both_languages(packed: Path):
    (report,) = bags.verifier().verify(packed)
    assert isinstance(report, Report)
    for one in report.findings:
        assert any("\u4e00" <= sign <= "\u9fff" for sign in one.zh)
        assert not any("\u4e00" <= sign <= "\u9fff" for sign in one.en)
