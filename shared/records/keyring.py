"""The keys agencies sign with: private ones of agencies at home on this desk, sealed at rest; public ones of others."""

import base64
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.config import Settings
from shared.dossier.exact import NotExact, exact, read_object
from shared.dossier.keys import PublicKey, Signer, Trust, read_key
from shared.dossier.suites import DEFAULT, suite
from shared.errors import BodyInvalid, StepRefused, Text
from shared.records.room import Room

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")


class Unreadable(ValueError):
    """A private key was sealed under another internal secret."""


@dataclass(frozen=True, slots=True)
class Held:
    """A key as it lies in the folder; `sealed` is the private half, empty for another desk's agency."""

    public: PublicKey
    sealed: str = ""


class Keyring:
    """A folder with one file a key: `<agency>/<key id>.json`. Every process of the desk reads the same folder."""

    def __init__(self, folder: Path, secret: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lianqin agency keys at rest")
        self._box = Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))
        self.folder = folder
        self._seen: tuple[tuple[str, int], ...] = ()
        self._held: list[Held] = []

    def held(self) -> list[Held]:
        """Return every key, read anew when a file of the folder changed."""
        found = sorted(self.folder.glob("*/*.json"))
        seen = tuple((str(path), path.stat().st_mtime_ns) for path in found)
        if seen != self._seen:
            self._held, self._seen = [_read(path) for path in found], seen
        return self._held

    def public_keys(self) -> list[PublicKey]:
        """Return every public key."""
        return [one.public for one in self.held()]

    def trust(self) -> Trust:
        """Return what a check of this desk believes."""
        return Trust(self.public_keys())

    def is_mine(self, agency: str) -> bool:
        """Whether this desk signs for an agency: it holds a private key, or nobody's key is known yet."""
        known = [one for one in self.held() if one.public.agency == agency]
        return not known or any(one.sealed for one in known)

    def signer(self, agency: str, *, now: datetime, suite_name: str = DEFAULT) -> Signer:
        """Return an agency's newest private key that is valid now; the first one is made when it is asked for.

        Raises StepRefused for an agency whose keys are elsewhere.
        """
        if not self.is_mine(agency):
            words = Text(f"本平台不持有 {agency} 的签名密钥", f"This desk holds no signing key of {agency}")
            raise StepRefused(words, agency=agency)
        mine = [
            one
            for one in self.held()
            if one.sealed
            and one.public.agency == agency
            and one.public.suite == suite_name
            and one.public.holds_at(now)
        ]
        if not mine:
            self.create(agency, now=now, suite_name=suite_name)
            return self.signer(agency, now=now, suite_name=suite_name)
        newest = max(mine, key=lambda one: (one.public.valid_from, one.public.id))
        return Signer(agency, suite_name, self._open(newest))

    def create(self, agency: str, *, now: datetime, suite_name: str = DEFAULT) -> PublicKey:
        """Make a key for an agency, valid from now on beside those it has. Raises SuiteUnavailable."""
        private = suite(suite_name).new_private()
        key = PublicKey(agency, suite_name, suite(suite_name).public(private), now)
        self._write(Held(key, self._box.encrypt(private).decode()))
        return key

    def believe(self, keys: Iterable[PublicKey]) -> list[PublicKey]:
        """Take public keys of other agencies in. Returns those that are new, or whose validity ended.

        Raises BodyInvalid for a key of an agency this desk signs for: those are made here, not imported.
        """
        taken = []
        for key in keys:
            known = next(
                (one for one in self.held() if (one.public.agency, one.public.id) == (key.agency, key.id)), None
            )
            if known is None and any(one.sealed for one in self.held() if one.public.agency == key.agency):
                words = Text(
                    f"{key.agency} 的密钥由本平台生成，不能导入", f"Keys of {key.agency} are made on this desk"
                )
                raise BodyInvalid(words, agency=key.agency)
            if known is None or known.public != key:
                self._write(Held(key, known.sealed if known else ""))
                taken.append(key)
        return taken

    def end(self, agency: str, key_id: str, *, now: datetime) -> PublicKey:
        """End a key: what it signed before stays signed, nothing later is believed. Raises BodyInvalid."""
        known = next((one for one in self.held() if (one.public.agency, one.public.id) == (agency, key_id)), None)
        if known is None:
            raise BodyInvalid(Text(f"没有密钥 {agency}/{key_id}", f"There is no key {agency}/{key_id}"))
        ended = replace(known.public, valid_until=now)
        self._write(Held(ended, known.sealed))
        return ended

    def _open(self, held: Held) -> bytes:
        try:
            return self._box.decrypt(held.sealed.encode())
        except InvalidToken as broken:
            raise Unreadable(
                f"{held.public.agency} 的私钥无法读取：LIANQIN_INTERNAL_SECRET 已变更 / "
                f"the private key of {held.public.agency} cannot be read: LIANQIN_INTERNAL_SECRET has changed"
            ) from broken

    def _write(self, held: Held) -> None:
        """Write a key's file at once or not at all, for the desk's own user only."""
        if not _NAME.fullmatch(held.public.agency):
            raise BodyInvalid(Text("机关编号不合格式", "That is no agency id"), agency=held.public.agency)
        path = self.folder / held.public.agency / f"{held.public.id}.json"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        said: Mapping[str, Any] = held.public.as_dict() | {"sealed": held.sealed}
        fresh = path.with_suffix(f".{uuid4().hex}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(exact(said))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        self._seen = ()


def _read(path: Path) -> Held:
    said = read_object(path.read_bytes())
    try:
        return Held(read_key(said), str(said.get("sealed", "")))
    except NotExact as broken:
        raise NotExact(f"{path}: {broken}") from broken


def keyring_of(room: Room) -> Keyring:
    """Return the keyring of a room's desk."""
    return open_keyring(room.settings)


def open_keyring(settings: Settings) -> Keyring:
    """Return the keyring of a desk; one for each folder and secret, so that files are read once."""
    place = (settings.keys_path, settings.internal_secret)
    if place not in _open:
        _open[place] = Keyring(*place)
    return _open[place]


_open: dict[tuple[Path, str], Keyring] = {}


def at_home(room: Room, agency: str) -> bool:
    """Whether an agency works on this desk: it is not reached by sealed file, and its keys are not elsewhere."""
    return agency not in room.settings.sealed_routes and keyring_of(room).is_mine(agency)
