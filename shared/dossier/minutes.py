"""Minutes of a conference as a file: one exact text, and what each agency said of it under its own signature."""

from collections.abc import Iterable
from typing import Any

from shared.dossier.exact import NotExact, exact, read_exact, sha256, text_of
from shared.dossier.findings import Finding, fails, holds
from shared.dossier.keys import Trust
from shared.dossier.statements import Statement

SIGNATURE, EXPORT = "minutes_signature", "conference_minutes"
DECISIONS = ("signed", "refused")


def export(body: str, statements: Iterable[str]) -> bytes:
    """Return the file: the minutes as they were written, and the signed statements beside them."""
    return exact({"type": EXPORT, "minutes": body, "statements": list(statements)})


def is_export(content: bytes) -> bool:
    """Whether a file says that it holds minutes."""
    try:
        return read_exact(content).get("type") == EXPORT
    except NotExact:
        return False


def check_signature(statement: Statement, trust: Trust, *, path: str, bound_to: str = "") -> list[Finding]:
    """Return what a signature under minutes is worth; with `bound_to` it must speak of minutes with that digest."""
    try:
        agency, digest, decision = text_of(dict(statement.said), "agency", "minutes_digest", "decision")
    except NotExact as broken:
        return [fails("minutes_unreadable", path, why=broken)]
    if statement.type != SIGNATURE or decision not in DECISIONS:
        return [fails("minutes_unreadable", path, why="it is no signature under minutes")]
    found = statement.check(trust, path=path)
    if bound_to and digest != bound_to:
        found.append(fails("minutes_of_another", path, agency=agency))
    number = statement.said.get("number")
    return [*found, holds(f"minutes_{decision}", path, agency=agency, number=number, at=statement.said.get("at"))]


def check_export(content: bytes, trust: Trust, *, path: str) -> tuple[list[Finding], dict[str, Any]]:
    """Check a file of minutes and every statement in it. Returns the findings and what the minutes say."""
    try:
        file = read_exact(content)
        (body,) = text_of(file, "minutes")
        said = read_exact(body.encode())
        listed = file.get("statements")
        if file.get("type") != EXPORT or not isinstance(listed, list):
            raise NotExact("type is not conference_minutes, or statements is no list")
        statements = [Statement(str(one).encode()) for one in listed]
    except NotExact as broken:
        return [fails("minutes_unreadable", path, why=broken)], {}
    digest = sha256(body.encode())
    found = [holds("minutes_hold", path, number=said.get("number"), digest=digest)]
    for statement in statements:
        found += check_signature(statement, trust, path=path, bound_to=digest)
    if not statements:
        found.append(fails("minutes_unsigned", path))
    return found, said | {"digest": digest}
