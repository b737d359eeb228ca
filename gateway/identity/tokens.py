"""Access tokens of programs: ES256, fifteen minutes, signed by a key kept sealed in the gateway's database."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import extract_compact
from sqlalchemy import or_
from sqlmodel import col, select

from gateway.identity.models import Client, TokenKey
from gateway.identity.sealing import Seal
from shared.errors import NotSignedIn, Text
from shared.records.room import Room

LIFE = timedelta(minutes=15)
AUDIENCE = "lianqin"
LONGEST = 4096
REREAD = timedelta(seconds=30)


class TokenKeys:
    """The keys that sign access tokens: the newest signs, every one not retired verifies."""

    def __init__(self, room: Room, seal: Seal) -> None:
        self._room, self._seal = room, seal
        self._keys: dict[str, ECKey] = {}
        self._read_at: datetime | None = None

    def newest(self) -> tuple[str, ECKey]:
        """Return the key that signs, made on first use."""
        if not self._keys or self._older_than(REREAD):
            self._read()
        if not self._keys:
            self.rotate()
        kid = next(reversed(self._keys))
        return kid, self._keys[kid]

    def find(self, kid: str) -> ECKey | None:
        """Return a key by its id; looks again now and then for one that another process made or retired."""
        if self._older_than(REREAD if kid in self._keys else timedelta(seconds=1)):
            self._read()
        return self._keys.get(kid)

    def published(self) -> dict[str, Any]:
        """Return the public keys as a JWK set (RFC 7517)."""
        self.newest()
        keys = [
            {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": "ES256"} for kid, key in self._keys.items()
        ]
        return {"keys": keys}

    def rotate(self) -> str:
        """Make a new signing key and return its id; the older ones verify until the tokens they signed have ended."""
        key, now = ECKey.generate_key("P-256", private=True), self._room.clock()
        sealed = self._seal.close(key.as_pem(private=True).decode())
        with self._room.transaction() as session:
            for older in session.exec(select(TokenKey).where(col(TokenKey.retired_at).is_(None))):
                older.retired_at = now + LIFE
                session.add(older)
            session.add(TokenKey(kid=key.thumbprint(), sealed=sealed, created_at=now))
        self._read()
        return key.thumbprint()

    def _older_than(self, age: timedelta) -> bool:
        return self._read_at is None or self._room.clock() - self._read_at >= age

    def _read(self) -> None:
        self._read_at = now = self._room.clock()
        statement = select(TokenKey).where(or_(col(TokenKey.retired_at).is_(None), col(TokenKey.retired_at) > now))
        with self._room.reading() as session:
            rows = sorted(session.exec(statement), key=lambda row: (row.retired_at is None, row.created_at, row.kid))
        self._keys = {row.kid: ECKey.import_key(self._seal.open(row.sealed)) for row in rows}


def issue(keys: TokenKeys, client: Client, roles: frozenset[str], *, issuer: str, now: datetime) -> str:
    """Return an access token for a program, with those of its roles it asked for."""
    kid, key = keys.newest()
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(client.id),
        "agency": client.agency,
        "scope": " ".join(sorted(roles)),
        "epoch": client.epoch,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFE).timestamp()),
        "jti": uuid4().hex,
    }
    return jwt.encode({"alg": "ES256", "kid": kid, "typ": "at+jwt"}, claims, key, algorithms=["ES256"])


def claims_of(keys: TokenKeys, token: str, *, issuer: str, now: datetime) -> Mapping[str, Any]:
    """Return the claims of an access token that we signed and that has not expired. Raises NotSignedIn."""
    if len(token) > LONGEST:
        raise NotSignedIn()
    try:
        header = extract_compact(token.encode()).headers()
        key = keys.find(str(header.get("kid", "")))
        if key is None:
            raise NotSignedIn()
        claims = jwt.decode(token, key, algorithms=["ES256"]).claims
        ends = int(claims["exp"])
    except (JoseError, KeyError, TypeError, ValueError) as broken:
        raise NotSignedIn(Text("访问令牌无效", "The access token does not hold")) from broken
    if claims.get("iss") != issuer or claims.get("aud") != AUDIENCE:
        raise NotSignedIn(Text("访问令牌无效", "The access token does not hold"))
    if ends <= int(now.timestamp()):
        raise NotSignedIn(Text("访问令牌已过期", "The access token has expired"))
    return claims
