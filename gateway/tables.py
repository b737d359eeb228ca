"""The tables the gateway has of its own."""

from sqlmodel import SQLModel

from gateway.exchange.models import Message, MessageCounter, PersonNotice, Subscription
from gateway.identity.models import Client, ClientKey, Person, PersonSession, TokenKey
from gateway.notices.models import TABLES as NOTICES

TABLES: tuple[type[SQLModel], ...] = (
    Person,
    PersonSession,
    Client,
    ClientKey,
    TokenKey,
    MessageCounter,
    Message,
    Subscription,
    PersonNotice,
    *NOTICES,
)
