"""The way docs/dossier.md shows an outsider without our verifier: unzip, sha256sum and openssl, nothing of ours."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.dossier import bags

TOOLS = ("openssl", "sha256sum")
DER_OF_ED25519 = bytes.fromhex("302a300506032b6570032100")
pytestmark = pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason="needs openssl and sha256sum")


def run(*command: object, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), cwd=at, capture_output=True, text=True, check=False)


def by_hand(bag: Path) -> bool:
    """Whether hashes, the signed digest and the signature hold, by the commands of the document."""
    hashes = run("sha256sum", "-c", "--quiet", "manifest-sha256.txt", "tagmanifest-sha256.txt", at=bag)
    (signature,) = (bag / "signatures").glob("*.json")
    said = json.loads(signature.read_text())
    value = said.pop("value")
    digest = run("sha256sum", "tagmanifest-sha256.txt", at=bag).stdout.split()[0]
    work = bag.parent
    (work / "key.der").write_bytes(DER_OF_ED25519 + base64.b64decode(said["public"]))
    (work / "value").write_bytes(base64.b64decode(value))
    (work / "signed").write_text(json.dumps(said, sort_keys=True, separators=(",", ":")) + "\n")
    run("openssl", "pkey", "-pubin", "-inform", "DER", "-in", "key.der", "-out", "key.pem", at=work)
    checked = run(
        "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "signed", "-sigfile", "value",
        at=work,
    )  # fmt: skip
    return hashes.returncode == 0 and said["digest"] == f"sha256:{digest}" and checked.returncode == 0


def test_an_outsider_checks_a_bag_by_hand(tmp_path: Path):
    bag = bags.unpack(bags.write_bag(tmp_path / "dossier.zip"))
    assert by_hand(bag)
    (bag / "data/manifest.json").write_bytes(b"{}")
    assert not by_hand(bag)


def test_a_signature_that_is_not_true_is_seen_by_hand(tmp_path: Path):
    bag = bags.unpack(bags.write_bag(tmp_path / "dossier.zip"))
    (signature,) = (bag / "signatures").glob("*.json")
    said = json.loads(signature.read_text())
    signature.write_text(json.dumps(said | {"agency": "psb-320500"}))
    assert not by_hand(bag)
