"""What the gateway's own routes ask for: who acts, and what stands around them."""

from typing import Annotated, cast

from fastapi import Depends, Request

from gateway.door import PASS
from gateway.identity.access import Access, Pass
from gateway.limiting import Limits
from gateway.upstream import Upstream
from shared.errors import NotSignedIn
from shared.identity import Principal
from shared.web.deps import ReadDep, RoomDep, act
from shared.web.problems import language_of

__all__ = [
    "AccessDep",
    "ActingDep",
    "IdentityDep",
    "LanguageDep",
    "LimitsDep",
    "ReadDep",
    "RoomDep",
    "UpstreamDep",
    "act",
]


def _pass(request: Request) -> Pass:
    entered = request.scope.get(PASS)
    if not isinstance(entered, Pass):
        raise NotSignedIn()
    return entered


def acting(request: Request) -> Principal:
    """Return who acts, as the door found. Raises NotSignedIn when the request did not come through the door."""
    return _pass(request).principal


def access(request: Request) -> Access:
    """Return what knows the tokens."""
    return cast(Access, request.app.state.access)


def identity(request: Request) -> str:
    """Return the signed assertion by which a room knows who asks."""
    known = access(request)
    return known.asserted(_pass(request), known.room.clock())


def limits(request: Request) -> Limits:
    """Return the counters."""
    return cast(Limits, request.app.state.limits)


def upstream(request: Request) -> Upstream:
    """Return the connections to the rooms."""
    return cast(Upstream, request.app.state.upstream)


def language(request: Request) -> str:
    """Return the reader's language: `zh` or `en`."""
    return language_of(request.headers.get("accept-language"))


ActingDep = Annotated[Principal, Depends(acting)]
AccessDep = Annotated[Access, Depends(access)]
IdentityDep = Annotated[str, Depends(identity)]
LimitsDep = Annotated[Limits, Depends(limits)]
UpstreamDep = Annotated[Upstream, Depends(upstream)]
LanguageDep = Annotated[str, Depends(language)]
