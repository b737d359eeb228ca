"""The message log: what went to and came from each agency, numbered without gaps in the order it was committed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from gateway.exchange.models import Message, MessageCounter
from shared.errors import NotVisible, NotYourStep, Stale, Text
from shared.identity import Principal
from shared.records.db import table_of

READERS = frozenset({"administrator", "auditor"})


def write(session: Session, agency: str, values: Mapping[str, Any], *, now: datetime) -> int:
    """Write one message into an agency's log and return its number. Raises Stale for the agency's first twin."""
    number = _next(session, agency)
    row = {"actor": "", "status": None, "answer": "", **values, "agency": agency, "sequence": number, "at": now}
    session.execute(insert(table_of(Message)), [row])
    return number


def _next(session: Session, agency: str) -> int:
    table = table_of(MessageCounter)
    moved = update(table).where(table.c.agency == agency).values(newest=table.c.newest + 1)
    if session.execute(moved).rowcount == 0:  # type: ignore[attr-defined]  # a cursor result has it
        try:
            session.execute(insert(table), [{"agency": agency, "newest": 1}])
        except IntegrityError as twin:
            raise Stale(agency=agency) from twin
    return int(session.execute(select(table.c.newest).where(table.c.agency == agency)).scalar_one())


def feed(session: Session, *, by: Principal, after: int, limit: int) -> Sequence[tuple[int, str]]:
    """Return the agency's outgoing events after a number, in order, as (number, exact text)."""
    check_reader(by)
    statement = select(Message.sequence, Message.body).where(
        Message.agency == by.agency, Message.direction == "out", Message.sequence > after
    )
    return session.exec(statement.order_by(col(Message.sequence)).limit(limit)).all()


def log(session: Session, *, by: Principal, before: int | None, limit: int) -> list[Message]:
    """Return the agency's messages, newest first."""
    check_reader(by)
    statement = select(Message).where(Message.agency == by.agency)
    if before is not None:
        statement = statement.where(Message.sequence < before)
    return list(session.exec(statement.order_by(col(Message.sequence).desc()).limit(limit)))


def one(session: Session, number: int, *, by: Principal) -> Message:
    """Return a message of the agency. Raises NotVisible."""
    check_reader(by)
    found = session.get(Message, (by.agency, number))
    if found is None:
        raise NotVisible()
    return found


def check_reader(by: Principal) -> None:
    """Refuse people who are neither administrator nor auditor: messages carry whole dossiers. Raises NotYourStep."""
    if not by.actor.startswith("client:") and not by.roles & READERS:
        message = Text(
            "消息日志仅供对接程序、系统管理员和审计员查看", "Messages are for programs, administrators and auditors"
        )
        raise NotYourStep(message, roles=sorted(READERS))
