"""People, partner programs and their credentials: tables, bodies and what is shown of them."""

import json
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic import Field as Said
from sqlmodel import Field, SQLModel

from shared.records.views import NO_NUL

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL)]
Login = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,63}$")
]
Password = Annotated[str, StringConstraints(min_length=10, max_length=200)]
Email = Annotated[
    str, StringConstraints(pattern=r"^([^@\s\x00-\x1f<>,;:\"]+@[A-Za-z0-9.-]+\.[A-Za-z]+)?$", max_length=200)
]
Roles = Annotated[list[str], Said(max_length=20), AfterValidator(lambda roles: sorted(set(roles)))]


class Person(SQLModel, table=True):
    """A person who signs in, in one agency, with roles of the catalogue (`roles`: a JSON list)."""

    __tablename__ = "people"

    id: UUID = Field(primary_key=True)
    login: str = Field(unique=True)
    name: str
    agency: str = Field(index=True)
    roles: str
    password_hash: str
    email: str = ""
    language: str = "zh"
    active: bool = True
    created_at: datetime

    @property
    def ref(self) -> str:
        """Return the actor id by which rooms know the person."""
        return f"person:{self.id}"

    @property
    def role_set(self) -> frozenset[str]:
        """Return the roles."""
        return frozenset(json.loads(self.roles))


class PersonSession(SQLModel, table=True):
    """A sign-in: only the token's digest is stored."""

    __tablename__ = "person_sessions"

    digest: str = Field(primary_key=True)
    person_id: UUID = Field(index=True, foreign_key="people.id")
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class Client(SQLModel, table=True):
    """A partner's program. `epoch` counts secret rotations: access tokens of an earlier epoch no longer hold."""

    __tablename__ = "clients"

    id: UUID = Field(primary_key=True)
    agency: str = Field(index=True)
    name: str
    roles: str
    secret_digest: str
    epoch: int = 1
    active: bool = True
    created_at: datetime

    @property
    def ref(self) -> str:
        """Return the actor id by which rooms know the program."""
        return f"client:{self.id}"

    @property
    def role_set(self) -> frozenset[str]:
        """Return the roles."""
        return frozenset(json.loads(self.roles))


class ClientKey(SQLModel, table=True):
    """A key by which a client signs: `whsec_` that we issued (sealed) or its registered `whpk_` (as it is)."""

    __tablename__ = "client_keys"

    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(index=True, foreign_key="clients.id")
    kind: str
    key: str
    created_at: datetime
    ended_at: datetime | None = None


class TokenKey(SQLModel, table=True):
    """A private key that signs access tokens, sealed; `kid` is its RFC 7638 thumbprint."""

    __tablename__ = "token_keys"

    kid: str = Field(primary_key=True)
    sealed: str
    created_at: datetime
    retired_at: datetime | None = None


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class NewPerson(Body):
    """A person to add."""

    login: Login
    name: Line
    agency: Line
    roles: Roles = []
    password: Password
    email: Email = ""
    language: Literal["zh", "en"] = "zh"


class NewClient(Body):
    """A partner's program to add."""

    agency: Line
    name: Line
    roles: Roles = []


class NewKey(Body):
    """An Ed25519 public key a partner signs with."""

    key: Annotated[str, StringConstraints(pattern=r"^whpk_[A-Za-z0-9+/]{43}=?$")]


class Credentials(Body):
    """A sign-in."""

    login: Annotated[
        str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=64, pattern=NO_NUL)
    ]
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class NewPassword(Body):
    """A change of one's own password."""

    current: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    new: Password


class View(BaseModel):
    """What is shown of a row."""

    model_config = ConfigDict(from_attributes=True)


class PersonView(View):
    """A person, as administrators see them."""

    id: UUID
    login: str
    name: str
    agency: str
    roles: list[str]
    email: str
    language: str
    active: bool
    created_at: datetime


class KeyView(View):
    """A signing key, without its secret."""

    id: UUID
    kind: str
    public_key: str | None = None
    created_at: datetime
    ended_at: datetime | None


class ClientView(View):
    """A partner's program, without its secrets."""

    id: UUID
    agency: str
    name: str
    roles: list[str]
    active: bool
    created_at: datetime
    keys: list[KeyView]


class ClientSecrets(ClientView):
    """A new program or a rotated one: the only time its secrets are shown."""

    client_id: str
    client_secret: str
    signing_secret: str


class Me(View):
    """Who the token stands for."""

    actor: str
    name: str
    agency: str
    agency_kind: str
    roles: list[str]


class SignedIn(View):
    """A session: send the token as `Authorization: Bearer …` until it expires."""

    token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_at: datetime
    person: PersonView
