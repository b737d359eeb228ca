"""What was handed over: the referral and its items, each verified against its hash."""

import hashlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """One item of evidence: its document id, name, media type, SHA-256 and what it states."""

    id: str
    document: str
    name: str
    media_type: str
    sha256: str
    size: int
    details: dict[str, Any]
    content: bytes

    @property
    def is_intact(self) -> bool:
        """Whether the bytes have the hash that was stated."""
        return hashlib.sha256(self.content).hexdigest() == self.sha256


@dataclass(frozen=True, slots=True)
class Dossier:
    """A referral as it was handed over: its record and its items."""

    referral: dict[str, Any]
    items: tuple[Item, ...]

    @property
    def is_intact(self) -> bool:
        """Whether every item has its hash."""
        return all(item.is_intact for item in self.items)
