"""What a check found, in plain words, Chinese and English."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.dossier.words import WORDS

Outcome = Literal["holds", "fails", "note"]
MARKS = {"holds": "✓", "fails": "✗", "note": "·"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that holds, does not hold, or could not be checked; `path` is the file it is about."""

    code: str
    outcome: Outcome
    path: str
    zh: str
    en: str

    def say(self, language: str) -> str:
        """Return the finding as one line."""
        words = self.en if language == "en" else self.zh
        return f"{MARKS[self.outcome]} {self.path + ': ' if self.path else ''}{words}"


def holds(code: str, path: str = "", **values: Any) -> Finding:
    """Return that something holds."""
    return _finding("holds", code, path, values)


def fails(code: str, path: str = "", **values: Any) -> Finding:
    """Return that something does not hold."""
    return _finding("fails", code, path, values)


def note(code: str, path: str = "", **values: Any) -> Finding:
    """Return what could not be checked, or is worth knowing."""
    return _finding("note", code, path, values)


def _finding(outcome: Outcome, code: str, path: str, values: dict[str, Any]) -> Finding:
    zh, en = WORDS[code]
    return Finding(code, outcome, path, zh.format(**values), en.format(**values))


class Broken(ValueError):
    """What was to be read cannot be read any further; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.en)
        self.finding = finding


@dataclass(slots=True)
class Report:
    """Everything found about one path. `facts` says what it is: kind, agency, subject, digests."""

    path: str
    kind: str = "unknown"
    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    """Path -> SHA-256 of every payload file of a bag, as they were checked."""

    @property
    def holds(self) -> bool:
        """Whether nothing fails, and something was checked at all."""
        return bool(self.findings) and not self.failures

    @property
    def failures(self) -> list[Finding]:
        """Return what does not hold."""
        return [one for one in self.findings if one.outcome == "fails"]

    def add(self, *found: Finding) -> None:
        """Take findings in."""
        self.findings.extend(found)

    def extend(self, found: Iterable[Finding]) -> None:
        """Take findings in."""
        self.findings.extend(found)

    def has(self, code: str) -> bool:
        """Whether a finding of this code is there."""
        return any(one.code == code for one in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON carries it."""
        found = [
            {"code": one.code, "outcome": one.outcome, "path": one.path, "zh": one.zh, "en": one.en}
            for one in self.findings
        ]
        return {"path": self.path, "kind": self.kind, "holds": self.holds, "facts": self.facts, "findings": found}
