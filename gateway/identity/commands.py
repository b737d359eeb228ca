"""What is done to people, programs and keys: each command writes its journal entry in the same transaction."""

import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from gateway.identity import queries
from gateway.identity.models import (
    Client,
    ClientKey,
    NewClient,
    NewKey,
    NewPassword,
    NewPerson,
    Person,
    PersonSession,
)
from gateway.identity.passwords import check_fit, hashed, matches
from gateway.identity.sealing import Seal, digest
from shared.clock import new_id
from shared.errors import BodyInvalid, DuplicateSubject, NotSignedIn, NotVisible, NotYourStep, Text
from shared.identity import Principal
from shared.records.journal import Fact, chain
from shared.records.room import room_of
from shared.signing import new_secret

SESSION_LIFE = timedelta(hours=12)
MAX_KEYS = 8


def add_person(session: Session, body: NewPerson, *, by: Principal, now: datetime) -> Person:
    """Add a person who may sign in. Raises DuplicateSubject when the login is taken."""
    queries.check_governs(session, by, body.agency)
    _check_roles(session, body.roles)
    check_fit(body.password, login=body.login)
    if queries.person_by_login(session, body.login) is not None:
        raise DuplicateSubject(Text("该登录名已被使用", "This login is taken"), login=body.login)
    fields = body.model_dump(exclude={"password", "roles"})
    person = Person(
        id=new_id(now), password_hash=hashed(body.password), roles=json.dumps(body.roles), created_at=now, **fields
    )
    session.add(person)
    session.flush()
    _record(session, person, "person.added", fields | {"roles": body.roles}, by=by, now=now)
    return person


def deactivate_person(session: Session, person_id: UUID, *, by: Principal, now: datetime) -> Person:
    """Close a person's account and end every sign-in. Nobody closes their own."""
    person = queries.administered(session, Person, person_id, by=by)
    if person.ref == by.actor:
        raise NotYourStep(Text("不能停用自己的账号", "Nobody may close their own account"))
    person.active = False
    session.add(person)
    _end_sessions(session, person, now=now)
    _record(session, person, "person.deactivated", {}, by=by, now=now)
    return person


def change_password(session: Session, body: NewPassword, *, by: Principal, now: datetime) -> Person:
    """Change one's own password; every sign-in ends. Raises NotSignedIn when the current one is wrong."""
    person = _own(session, by)
    if not matches(body.current, person.password_hash):
        raise NotSignedIn(Text("当前密码不正确", "The current password is wrong"))
    check_fit(body.new, login=person.login, field="new")
    person.password_hash = hashed(body.new)
    session.add(person)
    _end_sessions(session, person, now=now)
    _record(session, person, "person.password_changed", {}, by=by, now=now)
    return person


def sign_in(session: Session, person_id: UUID, *, address: str, now: datetime) -> tuple[str, PersonSession]:
    """Open a sign-in for a person whose password was just checked; returns the token, shown once."""
    person = session.get(Person, person_id)
    if person is None or not person.active:
        raise NotSignedIn()
    token = f"lqs_{secrets.token_urlsafe(32)}"
    opened = PersonSession(digest=digest(token), person_id=person.id, created_at=now, expires_at=now + SESSION_LIFE)
    session.add(opened)
    by = Principal(person.agency, "", person.ref, person.role_set, person.name)
    _record(session, person, "person.signed_in", {"session": opened.digest[:16], "address": address}, by=by, now=now)
    return token, opened


def sign_out(session: Session, token: str, *, by: Principal, now: datetime) -> None:
    """End the sign-in of a token. Raises NotVisible when there is none."""
    opened = session.get(PersonSession, digest(token))
    if opened is None or opened.ended_at is not None:
        raise NotVisible(Text("没有可退出的登录", "There is no sign-in to end"))
    opened.ended_at = now
    session.add(opened)
    _record(session, _own(session, by), "person.signed_out", {"session": opened.digest[:16]}, by=by, now=now)


def add_client(
    session: Session, body: NewClient, seal: Seal, *, by: Principal, now: datetime
) -> tuple[Client, str, str]:
    """Add a partner's program; returns it with its client secret and its `whsec_` signing secret, shown once."""
    queries.check_governs(session, by, body.agency)
    _check_roles(session, body.roles)
    secret = secrets.token_urlsafe(32)
    client = Client(
        id=new_id(now),
        agency=body.agency,
        name=body.name,
        roles=json.dumps(body.roles),
        secret_digest=digest(secret),
        created_at=now,
    )
    session.add(client)
    session.flush()
    signing = _issue_key(session, client, seal, now=now)
    _record(session, client, "client.added", body.model_dump(), by=by, now=now)
    return client, secret, signing


def rotate_client_secret(
    session: Session, client_id: UUID, seal: Seal, *, by: Principal, now: datetime
) -> tuple[Client, str, str]:
    """Give a program new secrets. Its old access tokens end at once; its old signing keys hold until `end_key`."""
    client = queries.administered(session, Client, client_id, by=by)
    secret = secrets.token_urlsafe(32)
    client.secret_digest, client.epoch = digest(secret), client.epoch + 1
    session.add(client)
    signing = _issue_key(session, client, seal, now=now)
    _record(session, client, "client.secret_rotated", {"epoch": client.epoch}, by=by, now=now)
    return client, secret, signing


def register_key(session: Session, client_id: UUID, body: NewKey, *, by: Principal, now: datetime) -> Client:
    """Register an Ed25519 public key by which a program signs what it sends us."""
    client = queries.administered(session, Client, client_id, by=by)
    _check_room_for_key(session, client)
    key = ClientKey(id=new_id(now), client_id=client.id, kind="whpk", key=body.key, created_at=now)
    session.add(key)
    session.flush()
    _record(session, client, "client.key_registered", {"key": str(key.id), "public_key": body.key}, by=by, now=now)
    return client


def end_key(session: Session, client_id: UUID, key_id: UUID, *, by: Principal, now: datetime) -> Client:
    """End a signing key: what it signs from now on is refused. Raises NotVisible."""
    client = queries.administered(session, Client, client_id, by=by)
    key = session.get(ClientKey, key_id)
    if key is None or key.client_id != client.id or key.ended_at is not None:
        raise NotVisible()
    key.ended_at = now
    session.add(key)
    session.flush()
    _record(session, client, "client.key_ended", {"key": str(key.id)}, by=by, now=now)
    return client


def deactivate_client(session: Session, client_id: UUID, *, by: Principal, now: datetime) -> Client:
    """Close a program: its tokens and signatures hold no longer."""
    client = queries.administered(session, Client, client_id, by=by)
    client.active = False
    session.add(client)
    _record(session, client, "client.deactivated", {}, by=by, now=now)
    return client


def _issue_key(session: Session, client: Client, seal: Seal, *, now: datetime) -> str:
    _check_room_for_key(session, client)
    signing = new_secret()
    key = ClientKey(id=new_id(now), client_id=client.id, kind="whsec", key=seal.close(signing), created_at=now)
    session.add(key)
    session.flush()
    return signing


def _check_room_for_key(session: Session, client: Client) -> None:
    active = [key for key in queries.keys_of(session, client.id) if key.ended_at is None]
    if len(active) >= MAX_KEYS:
        message = Text("有效密钥过多，请先停用旧密钥", "Too many active keys; end an old one first")
        raise BodyInvalid(message, errors=[{"field": "key", "code": "too_many_keys", "message": message}])


def _check_roles(session: Session, roles: Iterable[str]) -> None:
    known = room_of(session).catalogue.roles
    unknown = [role for role in roles if role not in known]
    if unknown:
        message = Text(f"没有岗位 {'、'.join(unknown)}", f"There is no role {', '.join(unknown)}")
        raise BodyInvalid(message, errors=[{"field": "roles", "code": "unknown_role", "message": message}])


def _own(session: Session, by: Principal) -> Person:
    kind, _, person_id = by.actor.partition(":")
    person = session.get(Person, UUID(person_id)) if kind == "person" else None
    if person is None:
        raise NotYourStep(Text("此操作须由本人办理", "Only a person may do this"))
    return person


def _end_sessions(session: Session, person: Person, *, now: datetime) -> None:
    statement = select(PersonSession).where(PersonSession.person_id == person.id, col(PersonSession.ended_at).is_(None))
    for opened in session.exec(statement):
        opened.ended_at = now
        session.add(opened)
    session.flush()


def _record(
    session: Session, subject: Person | Client, type_: str, data: dict[str, Any], *, by: Principal, now: datetime
) -> None:
    chain(session, subject.ref, Fact(type_, data), journey_id=subject.id, by=by, now=now)
