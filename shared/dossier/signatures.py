"""Detached signatures: which agency signed which digest, when, with which key."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.dossier.exact import NotExact, exact, from_base64, instant, read_exact, text_of, to_base64
from shared.dossier.findings import Finding, fails, holds
from shared.dossier.keys import Signer, Trust, key_id
from shared.dossier.suites import SuiteUnavailable, new_hash, suite


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it was read; `digest` is `<hash>:<hex>` of what was signed."""

    agency: str
    suite: str
    key: str
    public: bytes
    signed_at: datetime
    digest: str
    value: bytes
    signed: bytes
    """The exact bytes the signature is over: everything but its value."""


def digest_of(content: bytes, suite_name: str) -> str:
    """Return the digest of some bytes in a suite's hash, as signatures name it."""
    name = suite(suite_name).hash_name
    found = new_hash(name)
    found.update(content)
    return f"{name}:{found.hexdigest()}"


def sign(content: bytes, signer: Signer, *, at: datetime) -> dict[str, Any]:
    """Return the signature of some bytes as an object."""
    header = {
        "agency": signer.agency,
        "suite": signer.suite,
        "key": key_id(signer.suite, signer.public),
        "public": to_base64(signer.public),
        "signed_at": at.isoformat(),
        "digest": digest_of(content, signer.suite),
    }
    return header | {"value": to_base64(suite(signer.suite).sign(signer.private, exact(header)))}


def read_signature(said: Any) -> Signature:
    """Return a signature from its object. Raises NotExact when it is none."""
    names = ("agency", "suite", "key", "public", "signed_at", "digest", "value")
    if not isinstance(said, dict) or set(said) != set(names):
        raise NotExact(f"a signature holds {', '.join(names)}")
    agency, name, key, public, at, digest, value = text_of(said, *names)
    signed = exact({part: said[part] for part in names if part != "value"})
    return Signature(agency, name, key, from_base64(public), instant(at), digest, from_base64(value), signed)


def check_document(document: bytes, content: bytes, trust: Trust, *, path: str) -> tuple[list[Finding], str]:
    """Check a signature file over some bytes. Returns the findings and the agency it names (empty: unreadable)."""
    try:
        signature = read_signature(read_exact(document))
    except NotExact as broken:
        return [fails("signature_unreadable", path, why=broken)], ""
    return list(check(signature, content, trust, path=path)), signature.agency


def check(signature: Signature, content: bytes, trust: Trust, *, path: str) -> Iterator[Finding]:
    """Yield what a signature is worth over some bytes: is it over them, does it hold, is its signer known."""
    try:
        is_over = digest_of(content, signature.suite) == signature.digest
        is_true = suite(signature.suite).verify(signature.public, signature.signed, signature.value)
    except (LookupError, SuiteUnavailable) as unknown:
        yield fails("suite_unavailable", path, suite=signature.suite, why=unknown)
        return
    if not is_over:
        yield fails("signature_over_other", path, agency=signature.agency)
    if not is_true or signature.key != key_id(signature.suite, signature.public):
        yield fails("signature_false", path, agency=signature.agency, key=signature.key)
    elif is_over:
        yield _signer(signature, trust, path)


def _signer(signature: Signature, trust: Trust, path: str) -> Finding:
    values = {"agency": signature.agency, "key": signature.key, "at": signature.signed_at.isoformat()}
    known = trust.find(signature.agency, signature.key)
    if known is None or known.public != signature.public:
        return fails("signer_unknown", path, **values)
    if not known.holds_at(signature.signed_at):
        return fails("key_not_valid_then", path, **values)
    return holds("signed", path, **values)
