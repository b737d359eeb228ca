"""From a bearer token to a principal: verified once, remembered by digest, looked at again every half minute."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.identity.models import Client, Person, PersonSession
from gateway.identity.sealing import Seal, digest
from gateway.identity.tokens import TokenKeys, claims_of
from shared.errors import NotSignedIn, Text
from shared.identity import ASSERTION_LIFE, Principal, assertion
from shared.records.room import Room

LOOK_AGAIN = timedelta(seconds=30)
MARGIN = timedelta(minutes=1)
"""An assertion is renewed this long before it ends, so that none expires on its way."""
REMEMBERED = 20_000
SCHEME = b"Bearer "


@dataclass(slots=True)
class Pass:
    """Who a token stands for, until when it holds, and the assertion that says so to the rooms."""

    principal: Principal
    expires_at: datetime
    look_again_at: datetime
    assertion: str = ""
    assertion_until: datetime | None = None


class Access:
    """Knows tokens. Revocation holds at once in this process and within half a minute in every other."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.seal = Seal(room.settings.internal_secret)
        self.keys = TokenKeys(room, self.seal)
        self.issuer = room.settings.gateway_url.rstrip("/")
        self._passes: dict[bytes, Pass] = {}

    def known(self, authorization: bytes, now: datetime) -> Pass | None:
        """Return the remembered pass of an Authorization header, or None when it must be looked up."""
        found = self._passes.get(hashlib.sha256(authorization).digest())
        if found is None or found.look_again_at <= now or found.expires_at <= now:
            return None
        return found

    def admit(self, authorization: bytes, now: datetime) -> Pass:
        """Look a token up (blocking) and remember it. Raises NotSignedIn when it does not hold."""
        place = hashlib.sha256(authorization).digest()
        before = self._passes.pop(place, None)
        token = _token(authorization)
        principal, ends = self._person(token, now) if token.startswith("lqs_") else self._program(token, now)
        if len(self._passes) >= REMEMBERED:
            self._passes.clear()
        entered = Pass(principal, ends, now + LOOK_AGAIN)
        if before is not None and before.principal == principal:
            entered.assertion, entered.assertion_until = before.assertion, before.assertion_until
        self._passes[place] = entered
        return entered

    def asserted(self, entered: Pass, now: datetime) -> str:
        """Return the signed assertion of a pass, made anew shortly before the last one ends."""
        if entered.assertion_until is None or entered.assertion_until <= now:
            entered.assertion = assertion(entered.principal, secret=self.room.settings.internal_secret, now=now)
            entered.assertion_until = now + ASSERTION_LIFE - MARGIN
        return entered.assertion

    def forget(self, actor: str) -> None:
        """Look up anew whatever was remembered of an actor: it was changed, closed or signed out."""
        self._passes = {place: held for place, held in self._passes.items() if held.principal.actor != actor}

    def _person(self, token: str, now: datetime) -> tuple[Principal, datetime]:
        with self.room.reading() as session:
            opened = session.get(PersonSession, digest(token))
            person = session.get(Person, opened.person_id) if opened is not None else None
        if opened is None or person is None or opened.ended_at is not None or not person.active:
            raise NotSignedIn()
        if opened.expires_at <= now:
            raise NotSignedIn(Text("登录已过期", "The sign-in has expired"))
        return self._principal(person, person.role_set), opened.expires_at

    def _program(self, token: str, now: datetime) -> tuple[Principal, datetime]:
        claims = claims_of(self.keys, token, issuer=self.issuer, now=now)
        with self.room.reading() as session:
            client = session.get(Client, UUID(str(claims["sub"])))
        if client is None or not client.active or client.epoch != claims.get("epoch"):
            raise NotSignedIn(Text("访问令牌已被撤销", "The access token was revoked"))
        asked = frozenset(str(claims.get("scope", "")).split())
        ends = datetime.fromtimestamp(int(claims["exp"]), tz=now.tzinfo)
        return self._principal(client, client.role_set & asked), ends

    def _principal(self, row: Any, roles: frozenset[str]) -> Principal:
        agency = self.room.catalogue.agencies.get(row.agency)
        if agency is None:
            raise NotSignedIn(Text("所属单位已不在目录中", "The agency is no longer in the directory"))
        return Principal(agency.id, agency.kind, row.ref, roles, row.name)


def _token(authorization: bytes) -> str:
    if authorization[: len(SCHEME)].lower() != SCHEME.lower():
        raise NotSignedIn()
    token = authorization[len(SCHEME) :].strip()
    if not token.isascii() or not token:
        raise NotSignedIn()
    return token.decode()
