"""The OAuth 2.0 token endpoint for programs (RFC 6749 section 4.4), its keys (RFC 7517) and metadata (RFC 8414)."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

import anyio.to_thread
import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.deps import AccessDep, LimitsDep, RoomDep
from gateway.door import address_of
from gateway.identity.access import Access
from gateway.identity.models import Client
from gateway.identity.sealing import digest
from gateway.identity.tokens import LIFE, issue
from gateway.limiting import Limits
from shared.errors import BodyInvalid, LianqinError, NotSignedIn, Text
from shared.records.room import Room
from shared.web import problems

router = APIRouter(tags=["tokens"])
NOBODY = digest("no such program")

GRANT = {"type": "string", "enum": ["client_credentials"]}
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": GRANT,
                        "scope": {"type": "string", "description": "Role ids, separated by spaces; default: all"},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string", "format": "password"},
                    },
                }
            }
        },
    }
}


OAUTH_REFUSAL: dict[str, Any] = {
    "description": "Refused, in the shape of RFC 6749 section 5.2 with the members of a problem document beside it",
    "content": {
        name: {"schema": problems.PROBLEM_SCHEMA | {"title": "TokenRefusal"}}
        for name in ("application/json", problems.MEDIA_TYPE)
    },
}


class Refused(Exception):
    """The token endpoint refuses: an RFC 6749 error code, and the same said as one of our refusals."""

    def __init__(self, error: str, refusal: LianqinError) -> None:
        super().__init__(error)
        self.error, self.refusal = error, refusal


@router.post("/oauth/token", openapi_extra=FORM, responses={400: OAUTH_REFUSAL, 401: OAUTH_REFUSAL})
async def token(request: Request, room: RoomDep, access: AccessDep, limits: LimitsDep) -> Response:
    """Give a program an access token for its client credentials (`client_secret_basic` or `client_secret_post`)."""
    body = await request.body()
    language = problems.language_of(request.headers.get("accept-language"))
    try:
        answer = await anyio.to_thread.run_sync(_grant, request, body, room, access, limits)
    except Refused as refused:
        return _refusal(refused, language)
    return Response(orjson.dumps(answer), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/.well-known/jwks.json")
def jwks(access: AccessDep) -> dict[str, Any]:
    """The public keys of our access tokens."""
    return access.keys.published()


@router.get("/.well-known/oauth-authorization-server")
def metadata(access: AccessDep, room: RoomDep) -> dict[str, Any]:
    """What the token endpoint offers."""
    return {
        "issuer": access.issuer,
        "token_endpoint": f"{access.issuer}/oauth/token",
        "jwks_uri": f"{access.issuer}/.well-known/jwks.json",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": sorted(room.catalogue.roles),
        "service_documentation": f"{access.issuer}/docs",
    }


def _grant(request: Request, body: bytes, room: Room, access: Access, limits: Limits) -> dict[str, Any]:
    form = _form(body)
    client_id, secret = _credentials(request.headers.get("authorization"), form)
    if form.get("grant_type") != "client_credentials":
        kind = "unsupported_grant_type" if "grant_type" in form else "invalid_request"
        raise Refused(kind, BodyInvalid(Text("仅支持 client_credentials", "Only client_credentials is offered")))
    address = address_of(request.scope)
    limits.check_sign_in(client_id, address)
    client = _client(room, client_id, secret)
    if client is None:
        limits.failed_sign_in(client_id, address)
        message = Text("客户端编号或密钥不正确", "The client id or the secret is wrong")
        raise Refused("invalid_client", NotSignedIn(message))
    asked = frozenset(form["scope"].split()) if form.get("scope") else client.role_set
    if not asked <= client.role_set:
        message = Text("申请的岗位超出该客户端的岗位", "The scope asks for roles that the program does not have")
        raise Refused("invalid_scope", BodyInvalid(message, unknown=sorted(asked - client.role_set)))
    made = issue(access.keys, client, asked, issuer=access.issuer, now=room.clock())
    seconds = int(LIFE.total_seconds())
    return {"access_token": made, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(sorted(asked))}


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=20)
    except ValueError as broken:
        raise _invalid("请求体不是表单", "The body is not a form") from broken
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _invalid("表单字段重复", "A form field is repeated")
    return form


def _credentials(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str]:
    """Return client id and secret from the header or the form, never from both."""
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic" or "client_secret" in form:
        raise _invalid("请只用一种方式出示凭据", "Show the credentials in one way only")
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as broken:
        raise _invalid("Basic 凭据无法解读", "The Basic credentials cannot be read") from broken
    if not colon:
        raise _invalid("Basic 凭据无法解读", "The Basic credentials cannot be read")
    return unquote_plus(name), unquote_plus(secret)


def _client(room: Room, client_id: str, secret: str) -> Client | None:
    try:
        wanted = UUID(client_id)
    except ValueError:
        wanted = UUID(int=0)
    with room.reading() as session:
        client = session.get(Client, wanted)
    held = hmac.compare_digest(digest(secret), client.secret_digest if client is not None else NOBODY)
    return client if client is not None and held and client.active else None


def _invalid(zh: str, en: str) -> Refused:
    return Refused("invalid_request", BodyInvalid(Text(zh, en)))


def _refusal(refused: Refused, language: str) -> Response:
    """Answer in the shape of RFC 6749, with the members of our problem documents beside it."""
    status = 401 if refused.error == "invalid_client" else 400
    document = problems.problem(refused.refusal, language, "/oauth/token") | {
        "status": status,
        "error": refused.error,
        "error_description": refused.refusal.detail.en,
    }
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="lianqin"'
    return Response(orjson.dumps(document), status_code=status, media_type="application/json", headers=headers)
