"""People and programs over HTTP: signing in and out, oneself, and what an administrator does."""

from uuid import UUID

from fastapi import APIRouter, Request

from gateway.deps import AccessDep, ActingDep, LimitsDep, ReadDep, RoomDep, act
from gateway.door import address_of
from gateway.identity import commands, queries
from gateway.identity.models import (
    Client,
    ClientSecrets,
    ClientView,
    Credentials,
    Me,
    NewClient,
    NewKey,
    NewPassword,
    NewPerson,
    PersonView,
    SignedIn,
)
from gateway.identity.passwords import matches
from shared.errors import NotSignedIn, Text
from shared.web.paging import AfterQuery, LimitQuery, Page, before_id, cursor, parts_of

sessions = APIRouter(prefix="/v1", tags=["sessions"])
people = APIRouter(prefix="/v1/people", tags=["people"])
clients = APIRouter(prefix="/v1/clients", tags=["clients"])


@sessions.post("/sessions", status_code=201)
def sign_in(request: Request, body: Credentials, room: RoomDep, limits: LimitsDep) -> SignedIn:
    """Sign a person in with login and password; the token holds for twelve hours."""
    address = address_of(request.scope)
    limits.check_sign_in(body.login, address)
    with room.reading() as session:
        person = queries.person_by_login(session, body.login)
    held = matches(body.password, person.password_hash if person is not None and person.active else None)
    if person is None or not held:
        limits.failed_sign_in(body.login, address)
        raise NotSignedIn(Text("登录名或密码不正确", "The login or the password is wrong"))
    known = person.id
    token, opened = act(room, lambda session, now: commands.sign_in(session, known, address=address, now=now))
    return SignedIn(token=token, expires_at=opened.expires_at, person=queries.person_view(person))


@sessions.delete("/sessions/current", status_code=204)
def sign_out(request: Request, room: RoomDep, access: AccessDep, by: ActingDep) -> None:
    """End the sign-in of the token that comes with this request."""
    token = request.headers["authorization"].partition(" ")[2].strip()
    act(room, lambda session, now: commands.sign_out(session, token, by=by, now=now))
    access.forget(by.actor)


@sessions.get("/me")
def me(by: ActingDep) -> Me:
    """Say whom the token stands for."""
    return Me(actor=by.actor, name=by.name, agency=by.agency, agency_kind=by.kind, roles=sorted(by.roles))


@sessions.put("/me/password", status_code=204)
def change_password(body: NewPassword, room: RoomDep, access: AccessDep, limits: LimitsDep, by: ActingDep) -> None:
    """Change one's own password; every sign-in ends, this one too."""
    limits.check_sign_in(by.actor, by.actor)
    try:
        act(room, lambda session, now: commands.change_password(session, body, by=by, now=now))
    except NotSignedIn:
        limits.failed_sign_in(by.actor, by.actor)
        raise
    access.forget(by.actor)


@people.post("", status_code=201)
def add_person(body: NewPerson, room: RoomDep, by: ActingDep) -> PersonView:
    """Add a person to one's own agency or one below it."""
    return queries.person_view(act(room, lambda session, now: commands.add_person(session, body, by=by, now=now)))


@people.get("")
def list_people(session: ReadDep, by: ActingDep, after: AfterQuery = None, limit: LimitQuery = 50) -> Page[PersonView]:
    """List the people of the agencies one administers, by login."""
    place = parts_of(after, 1)
    found = queries.people(session, by=by, after=place[0] if place else "", limit=limit + 1)
    onward = cursor(found[limit - 1].login) if len(found) > limit else None
    return Page(items=[queries.person_view(person) for person in found[:limit]], next=onward)


@people.post("/{person_id}/deactivate")
def deactivate_person(person_id: UUID, room: RoomDep, access: AccessDep, by: ActingDep) -> PersonView:
    """Close a person's account; every sign-in ends."""
    person = act(room, lambda session, now: commands.deactivate_person(session, person_id, by=by, now=now))
    access.forget(person.ref)
    return queries.person_view(person)


@clients.post("", status_code=201)
def add_client(body: NewClient, room: RoomDep, access: AccessDep, by: ActingDep) -> ClientSecrets:
    """Add a partner's program; its secrets are shown this once."""
    made = act(room, lambda session, now: commands.add_client(session, body, access.seal, by=by, now=now))
    return _with_secrets(room, *made)


@clients.get("")
def list_clients(session: ReadDep, by: ActingDep, after: AfterQuery = None, limit: LimitQuery = 50) -> Page[ClientView]:
    """List the programs of the agencies one administers."""
    found = queries.clients(session, by=by, after=before_id(after), limit=limit + 1)
    onward = cursor(str(found[limit - 1].id)) if len(found) > limit else None
    return Page(items=[queries.client_view(session, client) for client in found[:limit]], next=onward)


@clients.post("/{client_id}/rotate")
def rotate(client_id: UUID, room: RoomDep, access: AccessDep, by: ActingDep) -> ClientSecrets:
    """Give a program new secrets; tokens it holds end, its old signing keys hold until they are ended."""
    made = act(
        room, lambda session, now: commands.rotate_client_secret(session, client_id, access.seal, by=by, now=now)
    )
    access.forget(made[0].ref)
    return _with_secrets(room, *made)


@clients.post("/{client_id}/keys", status_code=201)
def register_key(client_id: UUID, body: NewKey, room: RoomDep, by: ActingDep) -> ClientView:
    """Register an Ed25519 public key by which the program signs."""
    return act(
        room,
        lambda session, now: queries.client_view(
            session, commands.register_key(session, client_id, body, by=by, now=now)
        ),
    )


@clients.post("/{client_id}/keys/{key_id}/end")
def end_key(client_id: UUID, key_id: UUID, room: RoomDep, by: ActingDep) -> ClientView:
    """End a signing key."""
    return act(
        room,
        lambda session, now: queries.client_view(session, commands.end_key(session, client_id, key_id, by=by, now=now)),
    )


@clients.post("/{client_id}/deactivate")
def deactivate_client(client_id: UUID, room: RoomDep, access: AccessDep, by: ActingDep) -> ClientView:
    """Close a program: its tokens and signatures hold no longer."""
    closed = act(
        room,
        lambda session, now: queries.client_view(
            session, commands.deactivate_client(session, client_id, by=by, now=now)
        ),
    )
    access.forget(f"client:{client_id}")
    return closed


def _with_secrets(room: RoomDep, client: Client, secret: str, signing: str) -> ClientSecrets:
    with room.reading() as session:
        view = queries.client_view(session, client)
    return ClientSecrets(**view.model_dump(), client_id=str(client.id), client_secret=secret, signing_secret=signing)
