"""Passwords: Argon2id, and the same work done for a login that does not exist."""

from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from shared.errors import BodyInvalid, Text

_hasher = PasswordHash((Argon2Hasher(),))


def hashed(password: str) -> str:
    """Return the Argon2id hash of a password."""
    return _hasher.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether a password is the stored one; None (no such person) takes as long and never matches."""
    held = _hasher.verify(password, stored if stored is not None else _nobody())
    return held and stored is not None


def check_fit(password: str, *, login: str, field: str = "password") -> None:
    """Refuse a password that says the login, or is one sign repeated. Raises BodyInvalid."""
    lowered = password.lower()
    if login in lowered or len(set(lowered)) < 4:
        message = Text(
            "密码过于简单：不得包含登录名，且须有变化", "Too simple: it must not say the login, and must vary"
        )
        raise BodyInvalid(message, errors=[{"field": field, "code": "password_too_simple", "message": message}])


@cache
def _nobody() -> str:
    return hashed("nobody has this password")
