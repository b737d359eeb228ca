"""Exact texts: one sequence of bytes for one value, so that no byte can change unseen."""

import base64
import binascii
import hashlib
import json
from datetime import datetime
from typing import Any


class NotExact(ValueError):
    """The bytes are not the one text of any JSON object."""


def exact(value: Any) -> bytes:
    """Return the one text of a JSON value: sorted keys, no spaces, UTF-8, a line feed at the end."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def read_exact(content: bytes) -> dict[str, Any]:
    """Return the object of an exact text. Raises NotExact for anything else, also for a mere difference in spaces."""
    found = read_object(content)
    try:
        again = exact(found)
    except (ValueError, RecursionError) as broken:
        raise NotExact("holds a value that has no exact text") from broken
    if again != content:
        raise NotExact("not written in the exact form")
    return found


def read_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object of a text. Raises NotExact when it is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as broken:
        raise NotExact("not JSON") from broken
    if not isinstance(found, dict):
        raise NotExact("not a JSON object")
    return found


def text_of(found: dict[str, Any], *names: str) -> tuple[str, ...]:
    """Return texts of an object by name. Raises NotExact when one is missing or no text."""
    values = tuple(found.get(name) for name in names)
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str):
            raise NotExact(f"{name} is not a text")
    return tuple(str(value) for value in values)


def to_base64(content: bytes) -> str:
    """Return bytes in base64 (RFC 4648 section 4)."""
    return base64.b64encode(content).decode()


def from_base64(text: str) -> bytes:
    """Return the bytes of a base64 text. Raises NotExact when another text would give the same bytes."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as broken:
        raise NotExact("not base64") from broken
    if to_base64(content) != text:
        raise NotExact("not the one base64 text of its bytes")
    return content


def instant(text: str) -> datetime:
    """Return an RFC 3339 instant. Raises NotExact when it has no zone or is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as broken:
        raise NotExact(f"{text!r} is not an instant") from broken
    if found.utcoffset() is None:
        raise NotExact(f"{text!r} names no zone")
    return found


def sha256(content: bytes) -> str:
    """Return the lower-case hex SHA-256."""
    return hashlib.sha256(content).hexdigest()
