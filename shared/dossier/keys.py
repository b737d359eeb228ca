"""Public keys of agencies, and which of them a check trusts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.dossier.exact import NotExact, exact, from_base64, instant, read_object, sha256, text_of, to_base64
from shared.dossier.suites import suite


def key_id(suite_name: str, public: bytes) -> str:
    """Return the id of a key: 16 hex digits of the SHA-256 of suite and public key."""
    return sha256(suite_name.encode() + b":" + public)[:16]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key an agency signs with, and from when until when (open end: still)."""

    agency: str
    suite: str
    public: bytes
    valid_from: datetime
    valid_until: datetime | None = None

    @property
    def id(self) -> str:
        """Return the key's id."""
        return key_id(self.suite, self.public)

    def holds_at(self, at: datetime) -> bool:
        """Whether the agency signed with this key at that instant."""
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)

    def as_dict(self) -> dict[str, Any]:
        """Return the key as a key file carries it."""
        return {
            "agency": self.agency,
            "key": self.id,
            "suite": self.suite,
            "public": to_base64(self.public),
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
        }


@dataclass(frozen=True, slots=True)
class Signer:
    """An agency's private key at hand."""

    agency: str
    suite: str
    private: bytes

    @property
    def public(self) -> bytes:
        """Return the public half."""
        return suite(self.suite).public(self.private)


class Trust:
    """The public keys a check trusts, by agency and key id."""

    def __init__(self, keys: Iterable[PublicKey] = ()) -> None:
        self._keys = {(key.agency, key.id): key for key in keys}

    def find(self, agency: str, key: str) -> PublicKey | None:
        """Return an agency's key."""
        return self._keys.get((agency, key))

    def __len__(self) -> int:
        return len(self._keys)


def read_key(said: Any) -> PublicKey:
    """Return a key from its object. Raises NotExact when it is none."""
    if not isinstance(said, dict):
        raise NotExact("a key is an object")
    agency, id_, name, public, since = text_of(said, "agency", "key", "suite", "public", "valid_from")
    until = said.get("valid_until")
    try:
        suite(name)
    except LookupError as unknown:
        raise NotExact(str(unknown)) from unknown
    key = PublicKey(agency, name, from_base64(public), instant(since), instant(str(until)) if until else None)
    if key.id != id_:
        raise NotExact(f"the key id {id_} is not that of its key")
    return key


def read_keys(content: bytes) -> list[PublicKey]:
    """Return the keys of a key file `{"keys": […]}`. Raises NotExact."""
    listed = read_object(content).get("keys")
    if not isinstance(listed, list):
        raise NotExact("a key file holds a list named keys")
    return [read_key(said) for said in listed]


def keys_document(keys: Iterable[PublicKey]) -> bytes:
    """Return a key file."""
    return exact({"keys": [key.as_dict() for key in keys]})
