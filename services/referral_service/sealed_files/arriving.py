"""Reading one sealed file: is it whole, is it true, whose is it, and what does it say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.carriers.sealed_file import Arrival
from shared.dossier import sources
from shared.dossier.contents import EVIDENCE, MANIFEST, MESSAGE, RECEIPTS
from shared.dossier.exact import NotExact, read_object, sha256
from shared.dossier.findings import Broken, Finding, Report
from shared.dossier.limits import Limits
from shared.dossier.sources import Source
from shared.dossier.stamps import read_roots
from shared.dossier.verifying import Verifier
from shared.dossier.writer import PROFILE
from shared.errors import BodyInvalid, LianqinError, Text
from shared.records.keyring import keyring_of
from shared.records.room import Room

INCOMPLETE = frozenset({"zip_cut"})


class Refused(Exception):
    """The file is not taken; carries the reasons in both languages."""

    def __init__(self, reasons: list[dict[str, str]]) -> None:
        super().__init__(reasons[0]["en"])
        self.reasons = reasons


def reason(code: str, zh: str, en: str, path: str = "") -> dict[str, str]:
    """Return one reason."""
    return {"code": code, "zh": zh, "en": en, "path": path}


def because(error: LianqinError) -> list[dict[str, str]]:
    """Return the reasons of a refusal by the desk."""
    found = [reason(error.code(), error.detail.zh, error.detail.en)]
    for one in error.extra.get("reasons", ()):
        if hasattr(one, "zh"):
            found.append(reason(str(getattr(one, "code", "")), one.zh, one.en))
    return found


@dataclass(slots=True)
class Opened:
    """A bag that holds, from a signer this desk trusts."""

    arrival: Arrival
    report: Report
    source: Source
    limits: Limits
    message: dict[str, Any] = field(default_factory=dict)
    content: bytes = b""

    @property
    def signer(self) -> str:
        """Return the agency that signed it."""
        return str(self.report.facts["Lianqin-Agency"])

    @property
    def kind(self) -> str:
        """Return what the bag is: message, receipt or dossier."""
        return str(self.report.facts.get("Lianqin-Kind", ""))

    def read(self, path: str) -> bytes:
        """Return a file of the bag, the very bytes that were checked. Raises Refused."""
        try:
            content = sources.read(self.source, path, self.limits)
        except Broken as broken:
            raise Refused([_said(broken.finding)]) from broken
        if sha256(content) != self.report.digests.get(path):
            raise Refused(
                [reason("file_changed", "文件在核对之后又被改动", "The file changed after it was checked", path)]
            )
        return content

    def manifest(self) -> str | None:
        """Return the manifest's exact text, if there is one."""
        return self.read(MANIFEST).decode() if MANIFEST in self.source.sizes else None

    def receipts(self) -> list[bytes]:
        """Return the receipts in the bag."""
        return [self.read(path) for path in self.source.sizes if path.startswith(RECEIPTS)]

    def keep_evidence(self, room: Room) -> None:
        """Put the bytes of every item into the store, each under the hash that was checked. Raises EvidenceMismatch."""
        for path in self.source.sizes:
            if path.startswith(EVIDENCE):
                room.blobs.put(self.source.chunks(path), self.report.digests[path])


def incomplete(report: Report) -> bool:
    """Whether a file may still be growing: all that is wrong is that its end is not there."""
    return bool(report.failures) and {one.code for one in report.failures} <= INCOMPLETE


def verify(room: Room, arrival: Arrival) -> Report:
    """Check a file as `lianqin verify` does."""
    settings = room.settings
    limits = Limits(total_bytes=settings.sealed_limit_bytes)
    roots = read_roots(settings.tsa_roots.read_bytes()) if settings.tsa_roots else ()
    return Verifier(keyring_of(room).trust(), roots, limits=limits).bag(arrival.path)


@contextmanager
def opened(room: Room, arrival: Arrival, report: Report) -> Iterator[Opened]:
    """Open a bag that was checked. Raises Refused when it does not hold, or is not one of ours."""
    if not report.holds:
        raise Refused([_said(one) for one in report.failures])
    if report.facts.get("Lianqin-Profile") != PROFILE or MESSAGE not in report.digests:
        raise Refused([reason("no_message", "包内没有消息", "The bag carries no message")])
    limits = Limits(total_bytes=room.settings.sealed_limit_bytes)
    source = sources.open_source(arrival.path, limits)
    try:
        found = Opened(arrival, report, source, limits)
        found.content = found.read(MESSAGE)
        found.message = read_object(found.content)
        yield found
    except NotExact as broken:
        raise BodyInvalid(Text("消息格式有误", "The message's shape is wrong"), why=str(broken)) from broken
    finally:
        source.close()


def _said(finding: Finding) -> dict[str, str]:
    return reason(finding.code, finding.zh, finding.en, finding.path)
