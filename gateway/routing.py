"""Which room answers for a path, and whether a path may be passed on at all."""

import re
from collections.abc import Mapping

ROOMS: Mapping[bytes, str] = {
    b"clues": "clue",
    b"outlets": "clue",
    b"hj212": "clue",
    b"imports": "clue",
    b"series": "clue",
    b"detections": "clue",
    b"inspections": "clue",
    b"inspection-plans": "clue",
    b"inspection-register": "clue",
    b"inspection-codes": "clue",
    b"positive-list": "clue",
    b"suppressions": "clue",
    b"rules": "clue",
    b"rule-packs": "clue",
    b"clue-figures": "clue",
    b"complaints": "clue",
    b"complaint-answers": "clue",
    b"self-inspections": "clue",
    b"van-runs": "clue",
    b"squad-tasks": "clue",
    b"squads": "clue",
    b"drills": "clue",
    b"cases": "case",
    b"measures": "case",
    b"conferences": "case",
    b"operations": "case",
    b"linkages": "case",
    b"referrals": "referral",
    b"documents": "referral",
    b"supervisions": "referral",
    b"consultations": "referral",
    b"sealed-files": "referral",
}
"""The segment after `/v1/`, and the room behind it. Everything else is answered by the gateway itself."""

_PLAIN = re.compile(rb"(?:/(?!\.{1,2}(?:/|$))(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[2-9A-Fa-f][0-9A-Fa-f])+)+")
_AMBIGUOUS = re.compile(rb"%(?:2[35eEfF]|3[bBfF]|5[cC]|7[fF])")
"""Encoded `#`, `%`, `.`, `/`, `;`, `?`, backslash, delete: nobody needs them in a path, and two readers differ."""


def room_of_path(raw_path: bytes) -> str | None:
    """Return the room a raw request path belongs to, or None when the gateway answers it."""
    parts = raw_path.split(b"/", 3)
    if len(parts) < 3 or parts[0] or parts[1] != b"v1":
        return None
    return ROOMS.get(parts[2])


def is_plain(raw_path: bytes) -> bool:
    """Whether a path means the same to every reader: no empty or dot segments, nothing ambiguous encoded."""
    return _PLAIN.fullmatch(raw_path) is not None and _AMBIGUOUS.search(raw_path) is None


def takes_large_body(raw_path: bytes) -> bool:
    """Whether a path takes evidence, device streams, imports, batches of lines or a drill set: the larger limit."""
    parts = raw_path.split(b"/")
    is_batch = parts[2:] == [b"clues", b"batches"] or (parts[2] == b"van-runs" and parts[-1] == b"points")
    is_set = parts[2] == b"drills" and parts[-1] == b"set"
    return is_set or parts[-1] == b"evidence" or parts[2] in (b"hj212", b"imports") or is_batch
