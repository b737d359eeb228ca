"""Who is there: people, programs, keys and sessions, read within the rights of the one who asks."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select

from gateway.identity.models import Client, ClientKey, ClientView, KeyView, Person, PersonView
from gateway.identity.sealing import Seal
from shared.errors import NotVisible, NotYourStep, Text
from shared.identity import Principal
from shared.records.room import room_of
from shared.rules.entries import Agency

ADMINISTRATOR = "administrator"

M = TypeVar("M", bound=SQLModel)


def governed(agencies: Mapping[str, Agency], by: Principal) -> frozenset[str]:
    """Return the agencies a principal administers: its own and those below it; a room itself, all."""
    if by.is_system:
        return frozenset(agencies)
    return frozenset(name for name in agencies if by.agency in line_above(agencies, name))


def line_above(agencies: Mapping[str, Agency], name: str) -> list[str]:
    """Return an agency and its superiors, nearest first."""
    found: list[str] = []
    current: str | None = name
    while current is not None and current in agencies and current not in found:
        found.append(current)
        current = agencies[current].superior
    return found


def check_administrator(by: Principal) -> None:
    """Refuse whoever is not an administrator. Raises NotYourStep."""
    if not by.is_system and ADMINISTRATOR not in by.roles:
        raise NotYourStep(Text("此操作须由系统管理员办理", "Only an administrator may do this"), role=ADMINISTRATOR)


def check_governs(session: Session, by: Principal, agency: str) -> None:
    """Refuse an agency that the principal does not administer. Raises NotYourStep or NotVisible."""
    check_administrator(by)
    if agency not in governed(room_of(session).catalogue.agencies, by):
        message = Text(f"{agency} 不是您所管理的单位", f"{agency} is not an agency that you administer")
        raise NotVisible(message)


def administered(session: Session, table: type[M], row_id: UUID, *, by: Principal) -> M:
    """Return a row of an agency the principal administers. Raises NotYourStep or NotVisible."""
    check_administrator(by)
    row = session.get(table, row_id)
    if row is None or getattr(row, "agency") not in governed(room_of(session).catalogue.agencies, by):  # noqa: B009
        raise NotVisible()
    return row


def person_by_login(session: Session, login: str) -> Person | None:
    """Return the person with this login."""
    return session.exec(select(Person).where(Person.login == login)).first()


def people(session: Session, *, by: Principal, after: str, limit: int) -> list[Person]:
    """Return people of the administered agencies by login, after a login. Raises NotYourStep."""
    check_administrator(by)
    agencies = governed(room_of(session).catalogue.agencies, by)
    statement = select(Person).where(col(Person.agency).in_(sorted(agencies)), Person.login > after)
    return list(session.exec(statement.order_by(col(Person.login)).limit(limit)))


def clients(session: Session, *, by: Principal, after: UUID | None, limit: int) -> list[Client]:
    """Return programs of the administered agencies, oldest first, after an id. Raises NotYourStep."""
    check_administrator(by)
    agencies = governed(room_of(session).catalogue.agencies, by)
    statement = select(Client).where(col(Client.agency).in_(sorted(agencies)))
    if after is not None:
        statement = statement.where(col(Client.id) > after)
    return list(session.exec(statement.order_by(col(Client.id)).limit(limit)))


def keys_of(session: Session, client_id: UUID) -> list[ClientKey]:
    """Return every key a client ever had, oldest first."""
    statement = select(ClientKey).where(ClientKey.client_id == client_id)
    return list(session.exec(statement.order_by(col(ClientKey.id))))


def signing_keys(session: Session, client_id: UUID, seal: Seal) -> Sequence[str]:
    """Return the keys a client may sign with now, as `whsec_` and `whpk_` texts."""
    keys = (key for key in keys_of(session, client_id) if key.ended_at is None)
    return [key.key if key.kind == "whpk" else seal.open(key.key) for key in keys]


def with_roles(session: Session, agency: str, role: str) -> list[Person]:
    """Return the active people of an agency who have a role."""
    statement = select(Person).where(Person.agency == agency, col(Person.active).is_(True))
    return [person for person in session.exec(statement.order_by(col(Person.id))) if role in person.role_set]


def person_view(person: Person) -> PersonView:
    """Return what is shown of a person."""
    return PersonView.model_validate(person.model_dump() | {"roles": json.loads(person.roles)})


def client_view(session: Session, client: Client) -> ClientView:
    """Return what is shown of a program."""
    keys = [
        KeyView.model_validate(key.model_dump() | {"public_key": key.key if key.kind == "whpk" else None})
        for key in keys_of(session, client.id)
    ]
    return ClientView.model_validate(client.model_dump() | {"roles": json.loads(client.roles), "keys": keys})
