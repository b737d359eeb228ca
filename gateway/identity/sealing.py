"""Secrets at rest: encrypted under a key derived from the internal secret, so a copied database gives none away."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Unreadable(ValueError):
    """A sealed text was written under another internal secret, or was changed."""


class Seal:
    """Seals short texts (keys, webhook secrets) for the gateway's database."""

    def __init__(self, internal_secret: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lianqin gateway secrets at rest")
        self._box = Fernet(base64.urlsafe_b64encode(derived.derive(internal_secret.encode())))

    def close(self, text: str) -> str:
        """Return the sealed form of a text."""
        return self._box.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return a sealed text. Raises Unreadable when it was sealed under another internal secret."""
        try:
            return self._box.decrypt(sealed.encode()).decode()
        except InvalidToken as broken:
            raise Unreadable(
                "封存的密钥无法读取：LIANQIN_INTERNAL_SECRET 已变更 / "
                "a sealed secret cannot be read: LIANQIN_INTERNAL_SECRET has changed"
            ) from broken


def digest(token: str) -> str:
    """Return what is stored of a random token or client secret: its SHA-256.

    They carry 256 random bits, so nothing slower is needed; passwords, which people choose, take Argon2.
    """
    return hashlib.sha256(token.encode()).hexdigest()
