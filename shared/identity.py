"""Who acts: a principal, and the short signed assertion that carries it between the gateway and the rooms."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from shared.errors import NotSignedIn, Text

ASSERTION_LIFE = timedelta(minutes=5)
ISSUER = "lianqin-gateway"


@dataclass(frozen=True, slots=True)
class Principal:
    """An agency acting now, through a person or a client program.

    `agency` is a directory id (`eea-320500`), `kind` its kind (`ecological_environment_authority`),
    `actor` the person's or client's id, `roles` role ids of the catalogue.
    """

    agency: str
    kind: str
    actor: str
    roles: frozenset[str]
    name: str = ""

    @property
    def is_system(self) -> bool:
        """Whether a room itself acts, carrying an event from another."""
        return self.kind == "system"


def system(room: str) -> Principal:
    """Return the principal of a room acting on an event."""
    return Principal(agency=f"system:{room}", kind="system", actor=f"system:{room}", roles=frozenset(), name=room)


def assertion(principal: Principal, *, secret: str, now: datetime) -> str:
    """Sign a principal for the rooms behind the gateway (JWT, HS256, five minutes)."""
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "agency": principal.agency,
        "kind": principal.kind,
        "sub": principal.actor,
        "roles": sorted(principal.roles),
        "name": principal.name,
        "exp": int((now + ASSERTION_LIFE).timestamp()),
    }
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


def verify_assertion(token: str, *, secret: str, now: datetime) -> tuple[Principal, datetime]:
    """Return the principal of a signed assertion and when it ends. Raises NotSignedIn when it does not hold."""
    try:
        claims = jwt.decode(token, OctKey.import_key(secret), algorithms=["HS256"]).claims
        principal = Principal(
            agency=str(claims["agency"]),
            kind=str(claims["kind"]),
            actor=str(claims["sub"]),
            roles=frozenset(claims["roles"]),
            name=str(claims["name"]),
        )
        ends = datetime.fromtimestamp(int(claims["exp"]), tz=now.tzinfo)
    except (JoseError, KeyError, TypeError, ValueError) as broken:
        raise NotSignedIn(Text("内部身份凭证无效", "The internal identity assertion does not hold")) from broken
    if claims.get("iss") != ISSUER or ends <= now:
        raise NotSignedIn(Text("内部身份凭证已过期", "The internal identity assertion has expired"))
    return principal, ends
