"""HJ 212 frames (2005, 2017 and 2025): a tolerant decoder and the encoder.

Sources: HJ 212-2017 (frame 6.3, checksum appendix A, codes appendix B); Flag values and RF of HJ 212-2025 as quoted in
public test-suites. Real devices break every limit of the standard, so a deviation is recorded and never refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.clue_service.intake.checksum import checksum, hint

VERSIONS = {0: "HJ/T 212-2005", 1: "HJ 212-2017", 2: "HJ 212-2025"}
_HEAD = frozenset(("QN", "ST", "CN", "PW", "MN", "Flag", "FLAG", "PNUM", "PNO", "RF", "CP"))
_DECLARED = re.compile(rb"##(\d{4})")
_NEXT = re.compile(rb"&&[0-9A-Fa-f]{0,4}\s*##")
_HEX = re.compile(rb"[0-9A-Fa-f]{4}")
_AREA = re.compile(r"CP=(?:&&)?", re.IGNORECASE)
# Free text stands between // and //; separators inside it belong to the text (HJ 212-2017, 6.3.3).
_TEXT = re.compile(r"(?://.*?//|[^;,])+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Flag:
    """The Flag field: bit 0 asks for an answer, bit 1 announces packet numbers, the rest is the version."""

    value: int

    @property
    def version_bits(self) -> int:
        return self.value >> 2

    @property
    def has_packet_no(self) -> bool:
        return bool(self.value & 2)

    @property
    def needs_ack(self) -> bool:
        return bool(self.value & 1)

    def as_dict(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "version_bits": self.version_bits,
            "version_name": VERSIONS.get(self.version_bits, "unknown"),
            "has_packet_no": self.has_packet_no,
            "needs_ack": self.needs_ack,
        }


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as received: every value as text, deviations from the standard beside it, the raw bytes kept."""

    raw: bytes = field(repr=False)
    declared_length: int | None = None
    segment: bytes = field(default=b"", repr=False)
    crc_in_frame: str | None = None
    crc: int = 0xFFFF
    head: dict[str, str] = field(default_factory=dict)
    cp_other: dict[str, str] = field(default_factory=dict)
    factors: dict[str, dict[str, str]] = field(default_factory=dict)
    deviations: tuple[str, ...] = ()
    problem: Mapping[str, str] | None = None

    @property
    def qn(self) -> str | None:
        return self.head.get("QN")

    @property
    def st(self) -> str | None:
        return self.head.get("ST")

    @property
    def cn(self) -> str | None:
        return self.head.get("CN")

    @property
    def pw(self) -> str | None:
        return self.head.get("PW")

    @property
    def mn(self) -> str | None:
        return self.head.get("MN")

    @property
    def pnum(self) -> str | None:
        return self.head.get("PNUM")

    @property
    def pno(self) -> str | None:
        return self.head.get("PNO")

    @property
    def rf(self) -> str | None:
        return self.head.get("RF") or self.cp_other.get("RF")

    @property
    def flag(self) -> Flag | None:
        """None when there is no Flag (usual in 2005) or it is not a small whole number."""
        text = self.head.get("Flag", "")
        return Flag(int(text)) if text.isascii() and text.isdigit() and len(text) <= 3 else None

    @property
    def actual_length(self) -> int:
        return len(self.segment)

    @property
    def crc_computed(self) -> str:
        return f"{self.crc:04X}"

    @property
    def crc_hint(self) -> str | None:
        """What a wrong checksum may be instead; None when it is right."""
        return None if self.crc_valid or not self.segment else hint(self.segment, self.crc_in_frame)

    @property
    def length_ok(self) -> bool:
        return self.declared_length == self.actual_length

    @property
    def crc_valid(self) -> bool:
        return self.crc_in_frame is not None and self.crc_in_frame.upper() == self.crc_computed

    @property
    def data_at(self) -> datetime | None:
        """DataTime as local wall time without zone, to the second; None when absent or impossible."""
        return wall_time(self.cp_other.get("DataTime"))

    def as_dict(self) -> dict[str, Any]:
        """The frame for a machine: plain values only, the same keys for every frame."""
        flag = self.flag
        return {
            "declared_length": self.declared_length,
            "actual_length": self.actual_length,
            "length_ok": self.length_ok,
            "crc_in_frame": self.crc_in_frame,
            "crc_computed": self.crc_computed,
            "crc_valid": self.crc_valid,
            "crc_hint": self.crc_hint,
            "qn": self.qn,
            "st": self.st,
            "cn": self.cn,
            "pw": self.pw,
            "mn": self.mn,
            "flag": flag.as_dict() if flag else None,
            "pnum": self.pnum,
            "pno": self.pno,
            "rf": self.rf,
            "cp_other": self.cp_other,
            "factors": self.factors,
        }


def wall_time(text: str | None) -> datetime | None:
    """Read yyyymmddHHMMSS; further digits (milliseconds some devices add) are ignored."""
    if text is None or len(text) < 14 or not (text.isascii() and text.isdigit()):
        return None
    parts = (int(text[0:4]), int(text[4:6]), int(text[6:8]), int(text[8:10]), int(text[10:12]), int(text[12:14]))
    try:
        return datetime(*parts)  # noqa: DTZ001  the wire carries local wall time without a zone
    except ValueError:
        return None


def decode(raw: bytes) -> Frame:
    """Decode one frame. Never raises: bytes that are no frame give a Frame whose `problem` says why (zh, en)."""
    deviations: list[str] = []
    found = _DECLARED.match(raw) or _DECLARED.search(raw)
    start = found.start() if found else raw.find(b"##")
    if start < 0:
        return Frame(raw, problem={"zh": "不是 HJ 212 报文：没有包头 ##", "en": "not an HJ 212 frame: no ## header"})
    if start:
        deviations.append("garbage_before")
    declared = int(found[1]) if found else None
    segment, crc = _bounds(raw[found.end() if found else start + 2 :], declared, deviations)
    if b"=" not in segment:
        return Frame(
            raw,
            declared_length=declared,
            segment=segment,
            problem={"zh": "不是 HJ 212 报文：数据段没有任何字段", "en": "not an HJ 212 frame: no field in it"},
        )
    head, area = _halves(_text(segment, deviations), deviations)
    cp_other, factors = _data(area, deviations)
    register = checksum(segment)
    return Frame(raw, declared, segment, crc, register, head, cp_other, factors, tuple(deviations))


def _bounds(body: bytes, declared: int | None, deviations: list[str]) -> tuple[bytes, str | None]:
    """Find where the data segment ends: where the length says when that fits, else at the closing &&."""
    if declared is not None and _HEX.fullmatch(body, declared, declared + 4) and body[declared - 2 : declared] == b"&&":
        after = body[declared + 4 : declared + 6]
        if not after.strip(b"\r\n"):
            if after != b"\r\n":
                deviations.append("no_crlf")
            return body[:declared], body[declared : declared + 4].decode("ascii")
    deviations.append("length")
    glued = _NEXT.search(body)
    line = body[: glued.end() - 2] if glued else body
    line = line.split(b"\r\n", 1)[0].rstrip(b"\r\n")
    end = line.rfind(b"&&")
    if end < 0 or line[max(end - 3, 0) : end].upper() == b"CP=":
        deviations.append("no_end")
        return line, None
    crc = line[end + 2 : end + 6].decode("ascii", "replace").strip()
    return line[: end + 2], crc or None


def _text(segment: bytes, deviations: list[str]) -> str:
    try:
        return segment.decode()
    except UnicodeDecodeError:
        deviations.append("not_utf8")
        return segment.decode("gb18030", "replace")


def _halves(text: str, deviations: list[str]) -> tuple[dict[str, str], str]:
    """The head fields, names as in the standard whatever their case, and the data area without its && marks."""
    head, mark, area = text.partition("CP=&&")
    if not mark and (found := _AREA.search(text)):
        head, area = text[: found.start()], text[found.end() :]
    if "," in head:
        deviations.append("comma_in_head")
        head = head.replace(",", ";")
    pairs = [pair.partition("=") for pair in head.split(";") if pair]
    fields = {name: value for name, _, value in pairs}
    if not fields.keys() <= _HEAD:
        fields = {name.strip().upper(): value.strip() for name, value in fields.items()}
    if len(fields) < len(pairs):
        deviations.append("duplicate_field")
    if "FLAG" in fields:
        fields["Flag"] = fields["FLAG"]
    return fields, area.removesuffix("&&")


def _data(area: str, deviations: list[str]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Split the data area; a name `code-field` belongs to a factor, any other name to the frame."""
    other: dict[str, str] = {}
    factors: dict[str, dict[str, str]] = {}
    if not area:
        return other, factors
    if area[0] == "{":  # SM4 blocks of HJ 212-2025: only the remainder behind them is in clear
        deviations.append("encrypted")
        area = area.partition("}")[2]
    # Free text between // and // may hold separators; everywhere else ";" and "," both end a field.
    pairs = _TEXT.findall(area) if "//" in area else area.replace(";", ",").split(",")
    unreadable = 0
    last, fields = "", other
    for pair in pairs:
        name, mark, value = pair.partition("=")
        code, dash, sub = name.partition("-")
        if not mark:
            unreadable += 1
        elif not dash:
            other[name] = value
        elif code == last:
            fields[sub] = value
        else:
            last, fields = code, factors.setdefault(code, {})
            fields[sub] = value
    if len(other) + sum(map(len, factors.values())) < len(pairs) - unreadable:
        deviations.append("duplicate_field")
    if unreadable > pairs.count(""):
        deviations.append("unreadable_item")
    return other, factors


def encode(segment: str) -> bytes:
    """Frame a data segment: header, length, checksum, CRLF."""
    data = segment.encode()
    return b"##%04d%s%04X\r\n" % (len(data), data, checksum(data))
