"""Secrets of the gateway at rest: sealed where they must be read again, else kept as a digest."""

import hashlib

from shared.sealing import Seal as Seal
from shared.sealing import Unreadable as Unreadable


def digest(token: str) -> str:
    """Return what is stored of a random token or client secret: its SHA-256.

    They carry 256 random bits, so nothing slower is needed; passwords, which people choose, take Argon2.
    """
    return hashlib.sha256(token.encode()).hexdigest()
