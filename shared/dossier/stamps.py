"""Time stamps of RFC 3161: asking for one, and checking one offline."""

import hashlib
from collections.abc import Sequence
from typing import Any

from cryptography import x509

from shared.dossier.exact import sha256
from shared.dossier.findings import Finding, fails, holds, note

REQUEST_TYPE, ANSWER_TYPE = "application/timestamp-query", "application/timestamp-reply"
HASHES = {"2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512"}
_GRANTED = 0


class StampUnavailable(RuntimeError):
    """The library that reads stamps is not installed."""


class StampRefused(ValueError):
    """The authority's answer is no stamp over what was asked."""


def request_over(content: bytes) -> bytes:
    """Return a request for a stamp over some bytes (SHA-256, a nonce, the authority's certificate wanted)."""
    client = _client()
    asked = client.TimestampRequestBuilder(content, client.HashAlgorithm.SHA256).build()
    return bytes(asked.as_bytes())


def accepted(answer: bytes, content: bytes) -> bytes:
    """Return an authority's answer when it is a stamp over the content. Raises StampRefused."""
    problem = _problem(answer, content)
    if problem:
        raise StampRefused(problem.en)
    return answer


def listing(token: bytes, name: str) -> bytes:
    """Return the file beside a stamp that makes a changed byte seen: its SHA-256 and name, as `sha256sum` writes it."""
    return f"{sha256(token)}  {name}\n".encode()


def check_stamp(
    token: bytes, listed: bytes, content: bytes, roots: Sequence[x509.Certificate], *, path: str
) -> list[Finding]:
    """Check a stamp over some bytes; `listed` is the file with its SHA-256 beside it, `roots` whom to believe."""
    if listed != listing(token, path.rpartition("/")[2]):
        return [fails("stamp_changed", path)]
    try:
        client = _client()
    except StampUnavailable:
        return [note("stamp_no_library", path)]
    problem = _problem(token, content, path)
    if problem:
        return [problem]
    response = client.decode_timestamp_response(token)
    at = response.tst_info.gen_time.isoformat()
    if not roots:
        return [note("stamp_unchecked", path, at=at)]
    builder = client.VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(response, content)
    except (client.VerificationError, ValueError) as broken:
        return [fails("stamp_false", path, why=broken)]
    return [holds("stamped", path, at=at)]


def _problem(token: bytes, content: bytes, path: str = "") -> Finding | None:
    """Return why a token is no granted stamp over the content, without asking who made it."""
    try:
        response = _client().decode_timestamp_response(token)
        status, imprint = response.status, response.tst_info.message_imprint
        name = HASHES.get(imprint.hash_algorithm.dotted_string, "")
    except ValueError as broken:
        return fails("stamp_unreadable", path, why=broken)
    if status != _GRANTED:
        return fails("stamp_false", path, why=f"status {status}")
    if not name or imprint.message != hashlib.new(name, content).digest():
        return fails("stamp_over_other", path)
    return None


def read_roots(content: bytes) -> list[x509.Certificate]:
    """Return the certificates of a PEM file. Raises ValueError."""
    return x509.load_pem_x509_certificates(content)


def _client() -> Any:
    try:
        import rfc3161_client
    except ImportError as missing:
        raise StampUnavailable("rfc3161-client is not installed") from missing
    return rfc3161_client
