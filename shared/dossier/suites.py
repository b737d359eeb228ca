"""Signature suites: Ed25519 over SHA-256, and the national profile SM2 over SM3 where its library is installed."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class SuiteUnavailable(RuntimeError):
    """The library a suite needs is not installed."""


class Hash(Protocol):
    """A hash on its way, as hashlib has it."""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""

    def hexdigest(self) -> str:
        """Return the lower-case hex digest."""


class Sm3:
    """SM3 (GB/T 32905) with hashlib's manners."""

    def __init__(self, data: bytes = b"") -> None:
        self._hash = hashes.Hash(hashes.SM3())
        self._hash.update(data)

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""
        self._hash.update(data)

    def digest(self) -> bytes:
        """Return the digest."""
        return self._hash.copy().finalize()

    def hexdigest(self) -> str:
        """Return the lower-case hex digest."""
        return self.digest().hex()


def new_hash(name: str) -> Hash:
    """Return a fresh `md5`, `sha1`, `sha256`, `sha512` or `sm3` hash."""
    return Sm3() if name == "sm3" else hashlib.new(name, usedforsecurity=False)


class Suite(Protocol):
    """A signature algorithm with its hash. Keys and signatures are raw bytes."""

    @property
    def name(self) -> str:
        """What documents call it."""

    @property
    def hash_name(self) -> str:
        """The hash of what is signed: `sha256` or `sm3`."""

    def new_private(self) -> bytes:
        """Return a fresh private key."""

    def public(self, private: bytes) -> bytes:
        """Return the public half of a private key."""

    def sign(self, private: bytes, content: bytes) -> bytes:
        """Return the signature of some bytes."""

    def verify(self, public: bytes, content: bytes, signature: bytes) -> bool:
        """Whether a signature holds; wrong lengths and keys are a plain no."""


class Ed25519:
    """Ed25519 (RFC 8032): 32 bytes of key, 64 of signature."""

    name, hash_name = "ed25519-sha256", "sha256"

    def new_private(self) -> bytes:
        """Return a fresh private key."""
        return Ed25519PrivateKey.generate().private_bytes_raw()

    def public(self, private: bytes) -> bytes:
        """Return the public half of a private key."""
        return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()

    def sign(self, private: bytes, content: bytes) -> bytes:
        """Return the signature of some bytes."""
        return Ed25519PrivateKey.from_private_bytes(private).sign(content)

    def verify(self, public: bytes, content: bytes, signature: bytes) -> bool:
        """Whether a signature holds."""
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True


class Sm2:
    """SM2 (GB/T 32918.2, curve of GB/T 32918.5) over SM3, through gmssl: 32 bytes of key, 64 of public key, r || s.

    gmssl computes on the curve only. Its own nonce is not random enough, its check takes r and s out of range and its
    constructor spoils public keys that begin with 04, so those three are done here. It is not constant-time: keys in
    earnest use belong into a certified device behind this same class.
    """

    name, hash_name = "sm2-sm3", "sm3"
    IDENTITY = b"1234567812345678"
    """The signer's identity where none is agreed (GM/T 0009)."""

    def new_private(self) -> bytes:
        """Return a fresh private key."""
        return (secrets.randbelow(self._order() - 2) + 1).to_bytes(32)

    def public(self, private: bytes) -> bytes:
        """Return the public half of a private key: x || y."""
        table = _gmssl().default_ecc_table
        return bytes.fromhex(self._curve("00" * 64)._kg(int.from_bytes(private), table["g"]))

    def sign(self, private: bytes, content: bytes) -> bytes:
        """Return the signature of some bytes."""
        while True:
            signature = self.sign_with(private, content, nonce=secrets.randbelow(self._order() - 1) + 1)
            if signature is not None:
                return signature

    def sign_with(self, private: bytes, content: bytes, *, nonce: int) -> bytes | None:
        """Return the signature under a given nonce (for test vectors); None for the rare nonce that gives none."""
        curve = self._curve("00" * 64)
        curve.private_key = private.hex()
        signed = curve.sign(self.digest(self.public(private), content), f"{nonce:064x}")
        return None if signed is None else bytes.fromhex(signed)

    def verify(self, public: bytes, content: bytes, signature: bytes) -> bool:
        """Whether a signature holds."""
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        in_range = all(0 < value < self._order() for value in (r, s))
        if len(public) != 64 or len(signature) != 64 or not in_range or not self._on_curve(public):
            return False
        try:
            return bool(self._curve(public.hex()).verify(signature.hex(), self.digest(public, content)))
        except TypeError:  # the sum is the point at infinity, which gmssl gives as None
            return False

    def digest(self, public: bytes, content: bytes) -> bytes:
        """Return e = SM3(ZA || content), ZA binding the signer's identity and key (GB/T 32918.2, 5.5 and 6.1)."""
        table = _gmssl().default_ecc_table
        curve = bytes.fromhex(table["a"] + table["b"] + table["g"])
        bound = Sm3((len(self.IDENTITY) * 8).to_bytes(2) + self.IDENTITY + curve + public)
        return Sm3(bound.digest() + content).digest()

    def _curve(self, public_hex: str) -> Any:
        curve = _gmssl().CryptSM2(private_key="", public_key="")
        curve.public_key = public_hex
        return curve

    def _order(self) -> int:
        return int(_gmssl().default_ecc_table["n"], 16)

    def _on_curve(self, public: bytes) -> bool:
        table = _gmssl().default_ecc_table
        p, a, b = (int(table[name], 16) for name in ("p", "a", "b"))
        x, y = int.from_bytes(public[:32]), int.from_bytes(public[32:])
        return x < p and y < p and (y * y - (x * x * x + a * x + b)) % p == 0


def _gmssl() -> Any:
    try:
        from gmssl import sm2  # type: ignore[import-untyped]  # it comes without types
    except ImportError as missing:
        raise SuiteUnavailable(
            "SM2 签名需要可选组件 gm：pip install 'lianqin[gm]' / SM2 needs the extra gm: pip install 'lianqin[gm]'"
        ) from missing
    return sm2


SUITES: Mapping[str, Suite] = {suite.name: suite for suite in (Ed25519(), Sm2())}
DEFAULT = Ed25519.name


def suite(name: str) -> Suite:
    """Return a suite by name. Raises LookupError naming those there are."""
    if name not in SUITES:
        raise LookupError(f"no signature suite {name!r}; there are {', '.join(SUITES)}")
    return SUITES[name]
