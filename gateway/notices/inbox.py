"""A person's own notices: reading them, acknowledging them, and how each went out on the channels."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import update
from sqlmodel import Session, col, select

from gateway.exchange.models import NoticeView, PersonNotice
from gateway.notices.models import NoticeChannel, NoticeSending
from shared.errors import NotVisible
from shared.identity import Principal
from shared.records.db import table_of
from shared.records.deliveries import Delivery

Status = Literal["waiting", "sending", "retrying", "delivered", "stopped", "not_needed"]


class ChannelStatus(BaseModel):
    """How one notice stands on one channel. `held`: quiet hours or the digest, until `send_at`.

    `outcome`: `passed` on to the next channel, `not_needed` once acknowledged, `failed` on every channel.
    """

    channel: str
    label: str
    status: Status
    rank: int
    held: str
    send_at: datetime | None
    outcome: str
    attempts: int
    last_error: str
    done_at: datetime | None
    message_id: UUID


def of_person(session: Session, *, by: Principal, before: UUID | None, limit: int, unread: bool) -> list[PersonNotice]:
    """Return a person's own notices, newest first; a program has none."""
    statement = select(PersonNotice).where(PersonNotice.person_id == _person_id(by))
    if unread:
        statement = statement.where(col(PersonNotice.acknowledged_at).is_(None))
    if before is not None:
        statement = statement.where(col(PersonNotice.id) < before)
    return list(session.exec(statement.order_by(col(PersonNotice.id).desc()).limit(limit)))


def acknowledge(session: Session, notice_id: UUID, *, by: Principal, now: datetime) -> PersonNotice:
    """Note that a person has read a notice; a second time changes nothing. Raises NotVisible.

    It is followed up no more; acknowledging a reminder of a notice acknowledges that notice too.
    """
    found = _own(session, notice_id, by)
    if found.acknowledged_at is None:
        found.acknowledged_at, found.follow_at = now, None
        session.add(found)
    asked = found.key.removeprefix("asked:") if found.key.startswith("asked:") else ""
    if asked:
        notices = table_of(PersonNotice)
        mine = (notices.c.id == UUID(asked)) & (notices.c.person_id == found.person_id)
        unread = notices.c.acknowledged_at.is_(None)
        session.execute(update(notices).where(mine, unread).values(acknowledged_at=now, follow_at=None))
    return found


def view(notice: PersonNotice, language: str) -> NoticeView:
    """Return a notice in one language."""
    title, body = (notice.title_en, notice.body_en) if language == "en" else (notice.title_zh, notice.body_zh)
    return NoticeView.model_validate(notice.model_dump() | {"title": title, "body": body})


def deliveries_of(session: Session, notice_id: UUID, *, by: Principal) -> list[ChannelStatus]:
    """Return how one's own notice went out, by channel, first choices first. Raises NotVisible."""
    return channels_of(session, [_own(session, notice_id, by).id]).get(notice_id, [])


def channels_of(session: Session, notice_ids: list[UUID]) -> dict[UUID, list[ChannelStatus]]:
    """Return how notices went out, by notice."""
    statement = select(NoticeSending).where(col(NoticeSending.notice_id).in_(notice_ids))
    sendings = list(session.exec(statement.order_by(col(NoticeSending.rank), col(NoticeSending.channel))))
    sent = [one.message_id for one in sendings]
    rows = {
        (row.message_id, row.receiver): row
        for row in session.exec(select(Delivery).where(col(Delivery.message_id).in_(sent)))
    }
    ids = [UUID(one.channel) for one in sendings if one.channel != "mail"]
    labels = {row.name: row.label for row in session.exec(select(NoticeChannel).where(col(NoticeChannel.id).in_(ids)))}
    found: dict[UUID, list[ChannelStatus]] = {}
    for one in sendings:
        assert one.notice_id is not None
        row = rows.get((one.message_id, one.receiver))
        found.setdefault(one.notice_id, []).append(_status(one, row, labels.get(one.channel, one.channel)))
    return found


def _status(one: NoticeSending, row: Delivery | None, label: str) -> ChannelStatus:
    state: Status = "waiting"
    if one.outcome == "not_needed":
        state = "not_needed"
    elif row is not None and row.state in ("delivered", "stopped"):
        state = "delivered" if row.state == "delivered" else "stopped"
    elif row is not None:
        state = "retrying" if row.last_error else "sending"
    return ChannelStatus(
        channel=one.channel,
        label=label,
        status=state,
        rank=one.rank,
        held=one.held if one.send_at is not None else "",
        send_at=one.send_at,
        outcome=one.outcome,
        attempts=row.attempts if row is not None else 0,
        last_error=row.last_error if row is not None else "",
        done_at=row.done_at if row is not None else None,
        message_id=one.message_id,
    )


def _own(session: Session, notice_id: UUID, by: Principal) -> PersonNotice:
    found = session.get(PersonNotice, notice_id)
    if found is None or found.person_id != _person_id(by):
        raise NotVisible()
    return found


def _person_id(by: Principal) -> UUID:
    kind, _, person_id = by.actor.partition(":")
    return UUID(person_id) if kind == "person" else UUID(int=0)
