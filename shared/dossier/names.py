"""Names of files inside a bag: which are safe, which collide, how manifests write them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST_NAME = 180
"""Bytes of UTF-8 in one segment that this writer makes; file systems take 255."""
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*%]')
_DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_ENCODED = re.compile(r"%(0[AaDd]|25)")


def problem(path: str) -> str:
    """Return why a path may not stand in a bag; empty: it may."""
    if not path or path.startswith(("/", "~")) or re.match(r"^[A-Za-z]:", path):
        return "absolute"
    if "\\" in path or any(sign < " " or sign == "\x7f" for sign in path):
        return "forbidden sign"
    if any(part in ("", ".", "..") for part in path.split("/")):
        return "leads out of the bag"
    return ""


def collisions(paths: Iterable[str]) -> Iterator[str]:
    """Yield paths that another file system would take for one seen before: same letters, other case or form."""
    seen: set[str] = set()
    for path in paths:
        folded = unicodedata.normalize("NFC", path).casefold()
        if folded in seen:
            yield path
        seen.add(folded)


def file_name(text: str) -> str:
    """Return a name every file system takes, near to the given one; Chinese stays, the ending stays."""
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text)).strip(" .") or "_"
    if _DEVICES.match(name):
        name = f"_{name}"
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > 20:
        stem, ending = name, ""
    room = LONGEST_NAME - len(ending.encode()) - 1
    short = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return f"{short}.{ending}" if ending else short


def written(path: str) -> str:
    """Return a path as a manifest writes it (RFC 8493 section 2.1.3)."""
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def as_read(text: str) -> str:
    """Return the path a manifest's text means."""
    signs = {"0A": "\n", "0D": "\r", "25": "%"}
    return _ENCODED.sub(lambda found: signs[found.group(1).upper()], text)
