"""The tracking number of a complaint (苏12345-2026-000123-X), and the secret code it is asked after with."""

import base64
import hmac
import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from shared.errors import BodyInvalid, wrong
from shared.sealing import derived

SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NUMBER = r"^[\u4e00-\u9fff][0-9A-Z]{2,5}-[0-9]{4}-[0-9]{6,9}-[0-9A-Z]$"
CODE = r"^[2-7A-Za-z -]{16,24}$"
CODE_SIGNS = 16
PURPOSE = "lianqin complaint query codes"


@cache
def lists() -> Mapping[str, Mapping[str, Any]]:
    """Return channels, categories and provinces, as channels.yaml has them."""
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
        (Path(__file__).parent / "channels.yaml").read_text(encoding="utf-8")
    )
    return found


def line_of(division: str, channel: str, year: int) -> str:
    """Return what numbers of one series begin with, such as 苏12345-2026."""
    return f"{lists()['provinces'][division[:2]]}{lists()['channels'][channel]['code']}-{year}"


def numbered(line: str, serial: int) -> str:
    """Return a whole tracking number."""
    stem = f"{line}-{serial:06d}"
    return f"{stem}-{check_sign(plain(stem))}"


def plain(stem: str) -> str:
    """Return the figures and capital letters of a number; the province stands as its two figures (GB/T 2260)."""
    code = next((code for code, sign in lists()["provinces"].items() if sign == stem[:1]), "")
    return code + stem[1:].replace("-", "")


def check_sign(signs: str) -> str:
    """Return the check sign of ISO/IEC 7064, MOD 37,36: one wrong sign, and two that changed places, are seen."""
    rest = 36
    for sign in signs:
        rest = (rest + SIGNS.index(sign)) % 36 or 36
        rest = rest * 2 % 37
    return SIGNS[(1 - rest) % 36]


def require_number(number: str) -> str:
    """Return a tracking number that can be one. Raises BodyInvalid for a wrong form or check sign."""
    given = number.strip().upper()
    stem, _, check = given.rpartition("-")
    if re.fullmatch(NUMBER, given) is None or stem[0] not in lists()["provinces"].values():
        raise _wrong("not_a_number", "不是投诉举报编号", "That is no tracking number")
    if check_sign(plain(stem)) != check:
        raise _wrong("wrong_check_sign", "编号校验位不符，请核对", "The check sign does not fit: look at it again")
    return given


def query_code(internal_secret: str, complaint_id: UUID) -> str:
    """Return the secret code of a complaint, 80 bits in groups of four; stored is only its digest."""
    key = derived(internal_secret, PURPOSE)
    text = base64.b32encode(hmac.digest(key, complaint_id.bytes, "sha256")).decode()[:CODE_SIGNS]
    return "-".join(text[start : start + 4] for start in range(0, CODE_SIGNS, 4))


def code_digest(code: str) -> str:
    """Return what is stored of a code, however its letters and groups are written."""
    return sha256(code.replace("-", "").replace(" ", "").upper().encode()).hexdigest()


def _wrong(code: str, zh: str, en: str) -> BodyInvalid:
    return wrong("tracking", code, zh, en)
