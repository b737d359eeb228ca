"""Two desks with nothing between them but folders: the bureau's with the procuratorate, and the police's."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.rooms import open_room
from services.referral_service.sealed_files import queries
from services.referral_service.sealed_files.working import turn
from shared.config import Settings
from shared.records.keyring import open_keyring
from shared.web.assembly import verify_all
from tests import journeys
from tests.desk import Databases, Desk, FrozenClock, open_desk


@dataclass(slots=True)
class Side:
    """One desk and its folders."""

    desk: Desk
    other: str
    """The outbox of the other desk here."""

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return self.desk.rooms["referral"].settings

    @property
    def inbox(self) -> Path:
        """Where files come in."""
        return self.settings.sealed_path / "inbox"

    def outgoing(self) -> list[Path]:
        """What lies in the outbox, in the order it was written."""
        files = (self.settings.sealed_path / "outbox" / self.other).glob("*.zip")
        return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))

    def turn(self) -> int:
        """Let the worker's chore run once."""
        self.desk.drain()
        return turn(self.desk.rooms["referral"])

    def folder(self, name: str) -> list[str]:
        """The names of files in a folder."""
        place = self.settings.sealed_path / name
        return sorted(path.name for path in place.iterdir() if path.is_file()) if place.exists() else []

    def waiting(self, who: Any) -> list[dict[str, Any]]:
        """What the desk says is not settled."""
        found: list[dict[str, Any]] = self.desk.get(who, "/v1/sealed-files")["items"]
        return found

    def cli(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run the operator's command on this desk."""
        names = ("folder", "database_server", "database_prefix", "sealed_agencies", "internal_secret")
        wanted = {f"LIANQIN_{name.upper()}": str(getattr(self.settings, name)) for name in names}
        command = [sys.executable, "-m", "scripts.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | wanted)

    def verified(self) -> None:
        """Every chain of the referral room holds."""
        count, broken = verify_all(open_room("referral", self.settings))
        assert count > 0
        assert broken == []


@dataclass(slots=True)
class TwoDesks:
    """The bureau's desk and the police's."""

    bureau: Side
    police: Side

    def carry(self, giver: Side, files: list[Path] | None = None) -> list[Path]:
        """Move files from one desk's outbox into the other's inbox."""
        taker = self.police if giver is self.bureau else self.bureau
        taker.inbox.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.move(file, taker.inbox / file.name)) for file in files or giver.outgoing()]

    def exchange(self) -> None:
        """Carry everything both ways until nothing is left to carry."""
        for _ in range(20):
            moved = self.bureau.turn() + self.police.turn()
            moved += len(self.carry(self.bureau)) if self.bureau.outgoing() else 0
            moved += len(self.carry(self.police)) if self.police.outgoing() else 0
            if not moved:
                return
        raise AssertionError("the desks do not come to rest")


AGENCIES = {
    "bureau": ("eea-320500", "eea-320000", "pro-320500", "pro-320000"),
    "police": ("psb-320500", "psb-320000", "mra-320500", "mra-320000"),
    "neighbour": ("psb-320100",),
}
"""Who works on which desk."""


def sides_of(databases: Mapping[str, Databases], folder: Path, clock: FrozenClock, stack: ExitStack) -> dict[str, Side]:
    """Open desks, each with its own secret and keys, each believing the keys of the others."""
    found = {}
    for name, own in databases.items():
        routes = [f"{agency}@{other}" for other in databases if other != name for agency in AGENCIES[other]]
        secret = f"{name} has a secret of its own, long enough"
        changes = {"sealed_agencies": ",".join(routes), "internal_secret": secret}
        settings = own.fresh(folder / name).model_copy(update=changes)
        desk = stack.enter_context(contextmanager(open_desk)(settings, clock))
        found[name] = Side(desk, next(other for other in databases if other != name))
    rings = {name: open_keyring(side.settings) for name, side in found.items()}
    for name, ring in rings.items():
        for agency in AGENCIES[name]:
            ring.create(agency, now=clock.now)
    public = {name: ring.public_keys() for name, ring in rings.items()}
    for name, ring in rings.items():
        ring.believe(key for other in public if other != name for key in public[other])
    return found


@contextmanager
def two_desks(first: Databases, second: Databases, folder: Path, clock: FrozenClock) -> Iterator[TwoDesks]:
    """Open the bureau's desk and the police's."""
    with ExitStack() as stack:
        found = sides_of({"bureau": first, "police": second}, folder, clock, stack)
        yield TwoDesks(found["bureau"], found["police"])


def exchange_all(sides: Mapping[str, Side]) -> None:
    """Carry everything between any number of desks until nothing is left to carry."""
    for _ in range(30):
        moved = sum(side.turn() for side in sides.values())
        for side in sides.values():
            for name, other in sides.items():
                other.inbox.mkdir(parents=True, exist_ok=True)
                for file in (side.settings.sealed_path / "outbox" / name).glob("*.zip"):
                    shutil.move(file, other.inbox / file.name)
                    moved += 1
        if not moved:
            return
    raise AssertionError("the desks do not come to rest")


def standing(side: Side) -> list[dict[str, Any]]:
    """What the operator's `lianqin sealed status` says of what came in."""
    with side.desk.rooms["referral"].reading() as session:
        found = queries.standing(session, by=None, before=None, limit=100)
    return [one.model_dump(mode="json") for one in found if one.direction == "in"]


def path(referral: Any, step: str = "") -> str:
    return f"/v1/referrals/{referral['id']}" + (f"/{step}" if step else "")


def receipt(desks: TwoDesks, referral: Any) -> Any:
    """The police accept on their own desk."""
    at = desks.police.desk.clock.advance(hours=1).isoformat()
    body = {"receipt_number": "苏公受〔2026〕1号", "accepted_at": at, "manifest_digest": referral["sent_manifest"]}
    return desks.police.desk.post(journeys.POLICE, path(referral, "receipt"), body)
