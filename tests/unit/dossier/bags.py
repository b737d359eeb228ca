"""A whole dossier for tests: two items, custody, journal, receipts, signed; and ways to take it apart."""

import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from shared.dossier.chains import Line, extract
from shared.dossier.exact import exact, sha256
from shared.dossier.keys import PublicKey, Signer, Trust
from shared.dossier.statements import state
from shared.dossier.suites import suite
from shared.dossier.verifying import Verifier
from shared.dossier.writer import BagWriter

NOW = datetime(2026, 9, 7, 1, 0, tzinfo=UTC)
SUBJECT = "referral:01990000-0000-7000-8000-000000000001"
EEA = Signer("eea-320500", "ed25519-sha256", bytes(range(32)))
PSB = Signer("psb-320500", "ed25519-sha256", bytes(range(32, 64)))
KEYS = [PublicKey(one.agency, one.suite, one.public, NOW) for one in (EEA, PSB)]
ITEMS = {"item-1": ("现场笔录.txt", "现场检查笔录".encode()), "item-2": ("photo.jpg", bytes(range(256)) * 9)}
INFO = [("Source-Organization", "苏州市生态环境局"), ("Lianqin-Agency", EEA.agency), ("External-Identifier", SUBJECT)]


def manifest() -> bytes:
    """The frozen manifest of the items."""
    items = [{"item": item, "name": name, "sha256": sha256(c), "size": len(c)} for item, (name, c) in ITEMS.items()]
    return exact({"subject": SUBJECT, "items": items}).rstrip(b"\n")


def journal(count: int = 5) -> bytes:
    """An extract of a chain; the third entry is shown by its hash only."""
    lines, prev = [], ""
    for seq in range(1, count + 1):
        body = json.dumps({"prev": prev, "seq": seq, "subject": SUBJECT, "data": {"说明": f"第{seq}步"}})
        lines.append(Line(SUBJECT, seq, prev, sha256(body.encode()), None if seq == 3 else body))
        prev = lines[-1].hash
    return extract(lines)


def receipt(signer: Signer = PSB, **changes: object) -> bytes:
    """A receipt for the manifest."""
    said = {
        "type": "receipt",
        "receipt": "accepted",
        "agency": signer.agency,
        "subject": SUBJECT,
        "manifest_digest": sha256(manifest()),
        "message_id": "m-1",
        "at": NOW.isoformat(),
        "number": "苏公受〔2026〕1号",
    }
    return state(said | changes, signer, at=NOW)


def checkpoint() -> bytes:
    """A checkpoint that knows the journal's fourth entry."""
    fourth = json.loads(journal().splitlines()[3])
    said = {
        "type": "checkpoint",
        "room": "referral",
        "agency": EEA.agency,
        "on": "2026-09-07",
        "at": NOW.isoformat(),
        "previous": "",
        "entries": 4,
        "heads": [[SUBJECT, 4, fourth["hash"]]],
    }
    return state(said, EEA, at=NOW)


def write_bag(path: Path, *, signers: Sequence[Signer] = (EEA,), suites: Sequence[str] = (), **files: bytes) -> Path:
    """Write a dossier; `files` are further payload files (`a__b` is `a/b`)."""
    with path.open("wb") as file:
        bag = BagWriter(file, path.stem, suites=suites)
        bag.put("manifest.json", manifest())
        for item, (name, content) in ITEMS.items():
            bag.put(f"evidence/{item}/{name}", content)
        bag.put("custody.json", exact({item: [{"act": "added", "at": NOW.isoformat()}] for item in ITEMS}))
        bag.put("journal.ndjson", journal())
        bag.put("receipts/1.json", receipt())
        for name, content in files.items():
            bag.put(name.replace("__", "/"), content)
        bag.close(INFO, signers, at=NOW)
    return path


def unpack(path: Path) -> Path:
    """Unpack a bag with another program's ZIP reader and return its folder."""
    with zipfile.ZipFile(path) as packed:
        packed.extractall(path.parent / "unpacked")
    return path.parent / "unpacked" / path.stem


def verifier(*keys: PublicKey) -> Verifier:
    """A verifier that knows both agencies' keys, or the given ones."""
    return Verifier(Trust(keys or KEYS))


def problems(path: Path, checking: Verifier | None = None) -> dict[str, str]:
    """What fails, code -> path."""
    return {one.code: one.path for report in (checking or verifier()).verify(path) for one in report.failures}


def gm_signer() -> Signer:
    """A signer of the national profile."""
    return Signer(EEA.agency, "sm2-sm3", suite("sm2-sm3").new_private())
