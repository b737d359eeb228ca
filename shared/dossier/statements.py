"""Signed statements: receipts and checkpoints. One exact text, and the signature over it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.dossier.exact import NotExact, exact, instant, read_exact, sha256, text_of
from shared.dossier.findings import Finding, fails, holds
from shared.dossier.keys import Signer, Trust
from shared.dossier.signatures import Signature, check, read_signature, sign

STEP_TAKEN, STEP_ANSWER = "conference_step", "conference_answer"
"""A step another desk's agency takes at a conference, and what the convener answers."""
RULE_PACK = "rule_pack"
"""Detection rules of one desk on their way to another."""
RECEIPTS = ("submitted", "delivered", "accepted", "refused")


class Statement:
    """A statement as it was read: its exact text, what it says, and its signature."""

    def __init__(self, content: bytes) -> None:
        """Read it. Raises NotExact when it is no statement in the exact form."""
        document = read_exact(content)
        if set(document) != {"body", "signature"}:
            raise NotExact("a statement holds body and signature")
        (self.body,) = text_of(document, "body")
        self.said: dict[str, Any] = read_exact(self.body.encode() + b"\n")
        self.signature: Signature = read_signature(document["signature"])
        (self.type,) = text_of(self.said, "type")

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the statement's text."""
        return sha256(self.body.encode())

    def check(self, trust: Trust, *, path: str) -> list[Finding]:
        """Return what the statement is worth."""
        found = list(check(self.signature, self.body.encode(), trust, path=path))
        if self.said.get("agency") != self.signature.agency:
            found.append(fails("statement_of_another", path, agency=self.signature.agency))
        return found


def state(said: Mapping[str, Any], signer: Signer, *, at: datetime) -> bytes:
    """Return a signed statement as a file. `said` names its `type` and the `agency`."""
    body = exact(dict(said)).decode().removesuffix("\n")
    return exact({"body": body, "signature": sign(body.encode(), signer, at=at)})


def receipt_problem(said: Mapping[str, Any]) -> str:
    """Return what is wrong with a receipt's shape; empty: nothing."""
    try:
        _type, _agency, _subject, digest, _id, at = text_of(
            dict(said), "receipt", "agency", "subject", "manifest_digest", "message_id", "at"
        )
        instant(at)
    except NotExact as broken:
        return str(broken)
    if said["receipt"] not in RECEIPTS:
        return f"{said['receipt']!r} is none of {', '.join(RECEIPTS)}"
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        return "manifest_digest is no SHA-256"
    reasons = said.get("reasons", [])
    is_listed = isinstance(reasons, list) and all(isinstance(reason, str) for reason in reasons)
    return "" if is_listed and isinstance(said.get("number", ""), str) else "reasons is a list of texts, number a text"


def check_receipt(
    content: bytes, trust: Trust, *, path: str, bound_to: str = ""
) -> tuple[list[Finding], dict[str, Any]]:
    """Check a receipt file; with `bound_to` it must speak of that manifest. Returns findings and what it says."""
    try:
        statement = Statement(content)
    except NotExact as broken:
        return [fails("receipt_unreadable", path, why=broken)], {}
    problem = receipt_problem(statement.said) if statement.type == "receipt" else "type is not receipt"
    if problem:
        return [fails("receipt_unreadable", path, why=problem)], {}
    found, said = statement.check(trust, path=path), statement.said
    if bound_to and said["manifest_digest"] != bound_to:
        found.append(fails("receipt_of_another", path, digest=said["manifest_digest"], expected=bound_to))
    values = {"kind": said["receipt"], "digest": said["manifest_digest"], "at": said["at"]}
    return [*found, holds("receipt_says", path, agency=said["agency"], **values)], said
