"""Sealed files that are wrong, unknown, forged or refused by the law: set aside, answered, and nothing moves."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from services.referral_service.sealed_files.models import SealedFile
from services.referral_service.sealed_files.outgoing import queue_receipt, write_one
from shared.dossier.exact import exact
from shared.dossier.keys import Signer
from shared.dossier.signatures import sign
from shared.dossier.statements import state
from shared.dossier.zips import ZipWriter
from shared.records.blobs import address
from shared.records.keyring import open_keyring
from tests import journeys
from tests.journeys import OFFICER, POLICE
from tests.two_desks import TwoDesks, path, receipt, standing


def rebuilt(whole: bytes, *, compress: int = zipfile.ZIP_STORED, **changes: bytes | None) -> bytes:
    """The same bag with files changed, left out (None) or added; `__` stands for a slash."""
    wanted = {name.replace("__", "/"): content for name, content in changes.items()}
    with zipfile.ZipFile(io.BytesIO(whole)) as bag:
        files = {name: bag.read(name) for name in bag.namelist()}
    base = next(iter(files)).partition("/")[0]
    files |= {f"{base}/{name}": content for name, content in wanted.items() if content is not None}
    left = {name: content for name, content in files.items() if wanted.get(name.partition("/")[2], b"") is not None}
    out = io.BytesIO()
    if compress != zipfile.ZIP_STORED:
        with zipfile.ZipFile(out, "w", compress) as bag:
            for name, content in left.items():
                bag.writestr(name, content)
        return out.getvalue()
    writer = ZipWriter(out)
    for name, content in left.items():
        writer.add(name, [content], size=len(content))
    writer.close()
    return out.getvalue()


def signed_by_a_thief(whole: bytes) -> bytes:
    """The sender's name over another key's signature."""
    with zipfile.ZipFile(io.BytesIO(whole)) as bag:
        (path,) = [name for name in bag.namelist() if "/signatures/" in name]
        over = bag.read(path.partition("/")[0] + "/tagmanifest-sha256.txt")
    thief = Signer("eea-320500", "ed25519-sha256", bytes(32))
    document = exact(sign(over, thief, at=datetime(2026, 9, 7, 12, tzinfo=UTC)))
    return rebuilt(whole, **{path.partition("/")[2].replace("/", "__"): document})


WRONG: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a changed byte": ("zip_bytes_changed", lambda whole: whole.replace("专案组".encode(), "专案绍".encode(), 1)),
    "a changed file": ("file_changed", lambda whole: rebuilt(whole, **{"data__facts.json": b"{}"})),
    "a missing file": ("file_missing", lambda whole: rebuilt(whole, **{"data__facts.json": None})),
    "a file too many": ("file_unlisted", lambda whole: rebuilt(whole, **{"data__extra.txt": b"x"})),
    "a path outside": ("path_outside", lambda whole: whole.replace(b"/data/facts.json", b"/../../cron.json")),
    "a bomb": ("zip_compressed", lambda whole: rebuilt(whole, compress=zipfile.ZIP_DEFLATED)),
    "no signature": ("unsigned", lambda whole: rebuilt(whole, **dict.fromkeys(signatures(whole)))),
    "a thief's signature": ("signer_unknown", signed_by_a_thief),
    "no bag at all": ("not_a_zip", lambda whole: b"%PDF-1.7 " + whole),
}


def signatures(whole: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(whole)) as bag:
        return [name.partition("/")[2].replace("/", "__") for name in bag.namelist() if "/signatures/" in name]


@pytest.mark.parametrize("name", list(WRONG))
def test_a_bag_that_is_wrong_is_set_aside_with_its_reason(desks: TwoDesks, sent: Any, name: str):
    code, spoil = WRONG[name]
    (file,) = desks.bureau.outgoing()
    spoilt = spoil(file.read_bytes())
    assert spoilt != file.read_bytes()
    desks.police.inbox.mkdir(parents=True)
    (desks.police.inbox / file.name).write_bytes(spoilt)
    desks.police.turn()
    assert desks.police.desk.call(POLICE, "GET", path(sent)).status_code == 404
    assert desks.police.folder("inbox") == []
    reasons = json.loads((desks.police.settings.sealed_path / f"quarantine/{file.name}.reason.json").read_text())
    assert code in {one["code"] for one in reasons["reasons"]}
    assert {one["state"] for one in standing(desks.police)} == {"refused"}
    desks.police.verified()
    desks.exchange()
    assert desks.police.desk.get(POLICE, path(sent))["state"] == "handed_over"


def test_a_file_by_somebody_unknown(desks: TwoDesks, sent: Any):
    (ring,) = [one for one in (desks.police.settings.keys_path / "eea-320500").iterdir()]
    ring.unlink()
    desks.carry(desks.bureau)
    desks.police.turn()
    assert desks.police.desk.call(POLICE, "GET", path(sent)).status_code == 404
    (row,) = standing(desks.police)
    assert [one["code"] for one in row["reasons"]] == ["signer_unknown"]
    desks.carry(desks.police)
    desks.bureau.turn()
    (ours,) = desks.bureau.waiting(OFFICER)
    assert ours["state"] == "refused"
    assert "signer is unknown" in ours["reasons"][0]["en"]


def test_a_step_the_law_refuses_there_is_answered(desks: TwoDesks, sent: Any):
    """The police accept there what was accepted here before: refused with the law's reason, nothing moves."""
    desks.exchange()
    receipt(desks, sent)
    at = desks.police.desk.clock.now.isoformat()
    home = desks.bureau.desk
    body = {"receipt_number": "2", "accepted_at": at, "manifest_digest": sent["sent_manifest"]}
    home.post(POLICE, path(sent, "receipt"), body)
    before = home.get(OFFICER, path(sent))
    desks.police.turn()
    desks.carry(desks.police)
    desks.bureau.turn()
    after = home.get(OFFICER, path(sent))
    assert (after["state"], after["receipt_number"], after["version"]) == ("accepted", "2", before["version"])
    assert [one["state"] for one in standing(desks.bureau)] == ["refused"]
    desks.carry(desks.bureau)
    desks.police.turn()
    (row,) = [one for one in desks.police.waiting(POLICE) if one["direction"] == "out"]
    assert row["state"] == "refused"
    assert row["reasons"]


def test_a_forged_message_in_anothers_name(desks: TwoDesks, sent: Any):
    """The police's key signs for the police only: it cannot take a step as the procuratorate."""

    desks.exchange()
    receipt(desks, sent)
    room = desks.police.desk.rooms["referral"]
    desks.police.turn()
    (file,) = desks.police.outgoing()
    file.unlink()
    with room.transaction() as session:
        row = session.exec(select(SealedFile).where(SealedFile.file == file.name)).one()
        message = row.content["message"]
        message["data"]["by"]["agency"] = "pro-320500"
        row.content = row.content | {"message": message}
        session.add(row)
    write_one(room, row)
    desks.carry(desks.police)
    desks.bureau.turn()
    assert desks.bureau.desk.get(OFFICER, path(sent))["state"] == "handed_over"
    (refused,) = standing(desks.bureau)
    assert (refused["state"], refused["reasons"][0]["code"]) == ("refused", "not-your-step")


def test_one_bad_file_holds_up_none_of_the_others(desks: TwoDesks, sent: Any):
    desks.police.inbox.mkdir(parents=True)
    locked = desks.police.inbox / "0-locked.zip"
    locked.symlink_to("/nowhere/at/all")
    (desks.police.inbox / "1-letter.txt").write_text("请查收")
    (desks.police.inbox / ".hidden.zip").write_text("x")
    (desks.police.inbox / "2-copying.zip.part").write_text("x")
    desks.carry(desks.bureau)
    desks.police.turn()
    assert desks.police.desk.get(POLICE, path(sent))["state"] == "handed_over"
    assert "1-letter.txt" in desks.police.folder("quarantine")
    assert desks.police.folder("inbox") == [".hidden.zip", "2-copying.zip.part"]


def test_bytes_that_changed_in_the_store_are_not_sent(desks: TwoDesks):
    """The file is not written and says why; once the bytes are back, it goes."""
    sent = journeys.sent_referral(desks.bureau.desk)
    room = desks.bureau.desk.rooms["referral"]
    item = desks.bureau.desk.get(OFFICER, path(sent, "evidence"))["items"][0]
    blob = address(room.blobs.folder, item["sha256"])
    right = blob.read_bytes()
    blob.chmod(0o640)
    blob.write_bytes(b"x" * len(right))
    desks.bureau.turn()
    assert desks.bureau.outgoing() == []
    (row,) = desks.bureau.waiting(OFFICER)
    assert (row["state"], row["reasons"][0]["code"]) == ("pending", "evidence-mismatch")
    blob.write_bytes(right)
    desks.exchange()
    assert desks.police.desk.get(POLICE, path(sent))["state"] == "handed_over"
    assert desks.bureau.waiting(OFFICER) == []


def test_a_receipt_for_what_was_never_sent(desks: TwoDesks, sent: Any):
    """A receipt the police really signed, for a message of somebody else's."""
    desks.carry(desks.bureau)
    desks.police.turn()
    (file,) = desks.police.outgoing()
    room = desks.police.desk.rooms["referral"]
    said = {
        "type": "receipt",
        "receipt": "delivered",
        "agency": "psb-320500",
        "told": "eea-320500",
        "subject": sent["ref"],
        "manifest_digest": "0" * 64,
        "message_id": file.stem.removeprefix("receipt-"),
        "at": room.clock().isoformat(),
    }
    signer = open_keyring(room.settings).signer("psb-320500", now=room.clock())
    for wrong in (said, said | {"message_id": "00000000-0000-0000-0000-000000000000"}, said | {"receipt": "handed"}):
        file.unlink(missing_ok=True)
        with room.transaction() as session:
            queue_receipt(session, state(said | wrong, signer, at=room.clock()), desk="bureau", now=room.clock())
        desks.police.turn()
        before = desks.bureau.desk.get(OFFICER, path(sent))
        desks.carry(desks.police)
        desks.bureau.turn()
        assert desks.bureau.desk.get(OFFICER, path(sent)) == before
    assert {one["state"] for one in standing(desks.bureau)} == {"refused"}
    assert len(desks.bureau.folder("quarantine")) == 6
    kinds = [one["kind"] for one in desks.bureau.desk.get(OFFICER, path(sent, "receipts"))["items"]]
    assert kinds == ["submitted"]
