"""Standard Webhooks signatures: HMAC-SHA256 (v1) and Ed25519 (v1a), several keys at once for rotation."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.errors import SignatureInvalid, Text

TOLERANCE_SECONDS = 300
SECRET_PREFIX, PRIVATE_PREFIX, PUBLIC_PREFIX = "whsec_", "whsk_", "whpk_"


def new_secret() -> str:
    """Return a fresh symmetric key in the `whsec_` form."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_bytes(key: str) -> bytes:
    """Return the raw bytes of a `whsec_`, `whsk_` or `whpk_` key. Raises ValueError when it is none of these."""
    for prefix in (SECRET_PREFIX, PRIVATE_PREFIX, PUBLIC_PREFIX):
        if key.startswith(prefix):
            return base64.b64decode(key.removeprefix(prefix) + "==")
    raise ValueError("a webhook key starts with whsec_, whsk_ or whpk_")


def internal_key(secret: str) -> str:
    """Return the key by which rooms sign events to one another."""
    return SECRET_PREFIX + base64.b64encode(hashlib.sha256(f"rooms:{secret}".encode()).digest()).decode()


def sign(body: bytes, *, message_id: str, now: datetime, keys: Sequence[str]) -> dict[str, str]:
    """Return the three Standard Webhooks headers for `body`, signed with each key."""
    stamp = str(int(now.timestamp()))
    content = b".".join((message_id.encode(), stamp.encode(), body))
    signatures = [_signature(content, key) for key in keys]
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": " ".join(signatures)}


def _signature(content: bytes, key: str) -> str:
    raw = key_bytes(key)
    if key.startswith(PRIVATE_PREFIX):
        signed = Ed25519PrivateKey.from_private_bytes(raw[:32]).sign(content)
        return f"v1a,{base64.b64encode(signed).decode()}"
    return f"v1,{base64.b64encode(hmac.new(raw, content, hashlib.sha256).digest()).decode()}"


def verify(body: bytes, headers: Mapping[str, str], *, now: datetime, keys: Sequence[str]) -> str:
    """Return the message id of a signed message. Raises SignatureInvalid when nothing holds.

    Standard Webhooks 1.0: the signed content is `id.timestamp.body`; a timestamp more than five minutes
    away is refused.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    message_id, stamp = lowered.get("webhook-id", ""), lowered.get("webhook-timestamp", "")
    given = lowered.get("webhook-signature", "")
    if not (message_id and stamp and given):
        raise SignatureInvalid(
            Text("缺少 webhook-id、webhook-timestamp 或 webhook-signature", "A webhook header is missing")
        )
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise SignatureInvalid(Text("时间戳不是整数秒", "The timestamp is not a whole number of seconds"))
    if abs(int(stamp) - int(now.timestamp())) > TOLERANCE_SECONDS:
        raise SignatureInvalid(Text("时间戳超出五分钟", "The timestamp is more than five minutes away"))
    content = b".".join((message_id.encode(), stamp.encode(), body))
    if any(_holds(content, part, key) for part in given.split() for key in keys):
        return message_id
    raise SignatureInvalid(Text("没有一个签名与内容相符", "No signature matches the content"))


def _holds(content: bytes, part: str, key: str) -> bool:
    version, _, encoded = part.partition(",")
    try:
        given = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    raw = key_bytes(key)
    if version == "v1" and key.startswith(SECRET_PREFIX):
        return hmac.compare_digest(given, hmac.new(raw, content, hashlib.sha256).digest())
    if version == "v1a" and key.startswith(PUBLIC_PREFIX):
        try:
            Ed25519PublicKey.from_public_bytes(raw).verify(given, content)
        except InvalidSignature:
            return False
        return True
    return False
