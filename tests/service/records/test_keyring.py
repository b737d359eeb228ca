"""The keyring through the operator's command line: make, show, exchange, end; and what lies on the disk."""

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scripts.rooms import open_room
from shared.config import Settings
from shared.dossier.keys import keys_document, read_keys
from shared.errors import LianqinError
from shared.records import migrations
from shared.records.keyring import Keyring, Unreadable
from shared.web.assembly import verify_all

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)


def cli(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LIANQIN_FOLDER": str(folder), "LIANQIN_DATABASE_SERVER": ""}
    command = [sys.executable, "-m", "scripts.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Path, Path]:
    """Two desks with migrated gateways."""
    for name in ("bureau", "police"):
        settings = Settings(folder=tmp_path / name, database_server="")
        migrations.upgrade("gateway", settings.database_url("gateway"))
    return tmp_path / "bureau", tmp_path / "police"


def test_keys_are_made_exchanged_and_ended(desks: tuple[Path, Path], tmp_path: Path):
    bureau, police = desks
    made = cli(bureau, "keys", "create", "eea-320500")
    assert made.returncode == 0, made.stderr
    exported = cli(bureau, "keys", "export")
    file = tmp_path / "bureau.keys"
    file.write_text(exported.stdout)
    (key,) = read_keys(file.read_bytes())
    assert key.id in made.stdout
    assert "sealed" not in exported.stdout
    assert cli(police, "keys", "import", file).returncode == 0
    listed = json.loads(cli(police, "keys", "list", "--json").stdout)
    assert [(one["agency"], one["key"], one["mine"]) for one in listed] == [("eea-320500", key.id, False)]
    refused = cli(bureau, "keys", "import", exchanged(tmp_path))
    assert refused.returncode == 2
    assert "made on this desk" in refused.stderr
    assert cli(bureau, "keys", "end", "eea-320500", key.id).returncode == 0
    assert json.loads(cli(bureau, "keys", "list", "--json").stdout)[0]["valid_until"]
    assert verify_all(open_room("gateway", Settings(folder=bureau, database_server=""))) == (2, [])


def exchanged(folder: Path) -> Path:
    """Another key under the same agency's name."""
    other = Keyring(folder / "other", "another secret")
    other.create("eea-320500", now=NOW)
    path = folder / "other.keys"

    path.write_bytes(keys_document(other.public_keys()))
    return path


@pytest.mark.parametrize(
    "arguments", [("create", "xxx-000000"), ("create", "eea-320500", "--suite", "rsa"), ("end", "eea-320500", "0")]
)
def test_what_is_refused(desks: tuple[Path, Path], arguments: tuple[str, ...]):
    assert cli(desks[0], "keys", *arguments).returncode == 2


def test_private_keys_are_sealed_and_for_the_desk_alone(tmp_path: Path):
    ring = Keyring(tmp_path / "keys", "secret")
    signer = ring.signer("eea-320500", now=NOW)
    (path,) = (tmp_path / "keys").rglob("*.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signer.private not in path.read_bytes()
    assert signer.private.hex() not in path.read_text()
    with pytest.raises(Unreadable):
        Keyring(tmp_path / "keys", "another secret").signer("eea-320500", now=NOW)


def test_the_newest_valid_key_signs_and_the_older_is_still_believed(tmp_path: Path):
    ring = Keyring(tmp_path, "secret")
    first = ring.create("eea-320500", now=NOW)
    later = NOW + timedelta(days=30)
    second = ring.create("eea-320500", now=later)
    assert ring.signer("eea-320500", now=later).public == second.public
    assert ring.trust().find("eea-320500", first.id) == first
    ring.end("eea-320500", second.id, now=later + timedelta(days=1))
    assert ring.signer("eea-320500", now=later + timedelta(days=2)).public == first.public


def test_an_agency_whose_keys_are_elsewhere_is_not_signed_for(tmp_path: Path):
    theirs, ours = Keyring(tmp_path / "a", "a"), Keyring(tmp_path / "b", "b")
    theirs.create("psb-320500", now=NOW)
    assert ours.believe(theirs.public_keys()) == theirs.public_keys()
    assert ours.believe(theirs.public_keys()) == []
    assert not ours.is_mine("psb-320500")
    with pytest.raises(LianqinError):
        ours.signer("psb-320500", now=NOW)
    theirs.end("psb-320500", theirs.public_keys()[0].id, now=NOW)
    assert len(ours.believe(theirs.public_keys())) == 1
    assert ours.public_keys()[0].valid_until == NOW


def test_a_name_that_leads_elsewhere(tmp_path: Path):
    with pytest.raises(LianqinError):
        Keyring(tmp_path / "keys", "secret").create("../../etc", now=NOW)
