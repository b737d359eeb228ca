"""Secrets at rest: encrypted under a key derived from the internal secret, so a copied database gives none away."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

GATEWAY = "lianqin gateway secrets at rest"


class Unreadable(ValueError):
    """A sealed text was written under another internal secret or for another purpose, or was changed."""


def derived(internal_secret: str, purpose: str) -> bytes:
    """Return 32 bytes that belong to one purpose alone: what is sealed for one opens no other."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(internal_secret.encode())


class Seal:
    """Seals short texts (keys, webhook secrets, who complained) for a database."""

    def __init__(self, internal_secret: str, purpose: str = GATEWAY) -> None:
        self._box = Fernet(base64.urlsafe_b64encode(derived(internal_secret, purpose)))

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
