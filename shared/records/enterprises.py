"""Which enterprise an id names, however it was typed: ids of one enterprise are compared by their key."""

import unicodedata


def enterprise_key(text: str) -> str:
    """Return an id in capitals and narrow signs, without blanks around it and signs nobody sees."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return seen.strip().upper()


def is_same_enterprise(one: str, other: str) -> bool:
    """Whether two ids name the same enterprise."""
    return enterprise_key(one) == enterprise_key(other)
