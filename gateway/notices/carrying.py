"""The carriers of notices: mail, a person's signed webhook, chat bots; and what is done when one gives up."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import httpx
from sqlalchemy import update
from sqlmodel import Session, select

from gateway.exchange.models import PersonNotice
from gateway.identity.models import Person
from gateway.identity.sealing import Seal
from gateway.notices import bots, mailing, telling
from gateway.notices.holding import acknowledged
from gateway.notices.models import NoticeChannel, NoticeSending
from shared.carriers import push
from shared.clock import today
from shared.events import NoticeRaised, Origin, envelope
from shared.records.db import table_of
from shared.records.deliveries import Answer, Carrier, Parcel
from shared.records.journal import canonical
from shared.records.room import Room, room_of

NAMES = frozenset({"mail", "bot", "hook"})


def carriers(room: Room, client: httpx.Client) -> dict[str, Carrier]:
    """Return the carriers of notices by name."""
    ways = {"mail": mailing.mailing(room.settings), "bot": _bot(room), "hook": _hook(room, client)}
    return {name: _if_needed(room, carry) for name, carry in ways.items()}


def _if_needed(room: Room, carry: Carrier) -> Carrier:
    """Return a carrier that spares what nobody needs any more."""

    def carry_if_needed(parcel: Parcel, now: datetime) -> Answer:
        why = _spared(room, parcel)
        return Answer(200, why) if why else carry(parcel, now)

    return carry_if_needed


def _spared(room: Room, parcel: Parcel) -> str:
    """Return why a message is not sent, and note it: who has left reads nothing more, and what stood in was read."""
    with room.reading() as session:
        items = _of_parcel(session, parcel)
        if _has_left(session, parcel.receiver):
            why = "the account was closed"
        elif json.loads(parcel.body).get("rank") and items and _all_read(session, items):
            why = "acknowledged before it was sent"
        else:
            return ""
    table = table_of(NoticeSending)
    with room.transaction() as session:
        for channel in {one.channel for one in items}:
            mine = (table.c.message_id == parcel.message_id) & (table.c.channel == channel)
            session.execute(update(table).where(mine).values(outcome="not_needed", pass_at=None))
    return why


def _has_left(session: Session, receiver: str) -> bool:
    """Whether the person behind a mail address or a channel has no account any more; an agency never leaves."""
    kind, _, name = receiver.partition(":")
    person_id: UUID | None = UUID(name)
    if kind == "channel":
        row = session.get(NoticeChannel, person_id)
        person_id = row.person_id if row is not None else None
    person = session.get(Person, person_id) if person_id is not None else None
    return person is not None and not person.active


def _all_read(session: Session, items: list[NoticeSending]) -> bool:
    read = acknowledged(session, items)
    return all(one.notice_id in read for one in items)


def _of_parcel(session: Session, parcel: Parcel) -> list[NoticeSending]:
    statement = select(NoticeSending).where(NoticeSending.message_id == parcel.message_id)
    return [one for one in session.exec(statement) if one.receiver == parcel.receiver]


def _channel(room: Room, parcel: Parcel) -> NoticeChannel | None:
    with room.reading() as session:
        row = session.get(NoticeChannel, UUID(parcel.receiver.removeprefix("channel:")))
    return row if row is not None and row.ended_at is None else None


def _bot(room: Room) -> Carrier:
    return _over_channel(room, lambda parcel, _now, target, _keys: bots.send(target, json.loads(parcel.body)))


def _hook(room: Room, client: httpx.Client) -> Carrier:
    """Return the carrier that posts a notice as a CloudEvent, signed by Standard Webhooks."""

    def post(parcel: Parcel, now: datetime, target: str, keys: list[str]) -> Answer:
        said = json.loads(parcel.body)
        origin = Origin(room="gateway", subject=said["subject"], journey_id=parcel.message_id)
        event = canonical(envelope("notice.told", said, origin, message_id=parcel.message_id, now=now))
        return push.carrier(client, lambda _parcel: (target, keys))(replace(parcel, body=event), now)

    return _over_channel(room, post)


def _over_channel(room: Room, send: Callable[[Parcel, datetime, str, list[str]], Answer]) -> Carrier:
    seal = Seal(room.settings.internal_secret)

    def carry(parcel: Parcel, now: datetime) -> Answer:
        row = _channel(room, parcel)
        if row is None:
            return Answer(410, "the channel was ended")
        keys = [seal.open(one) for one in json.loads(row.keys or "[]")]
        return send(parcel, now, seal.open(row.target), keys)

    return carry


def stopped(session: Session, parcel: Parcel, answer: Answer) -> None:
    """Use the next channel at once, and tell administrators in their inbox only: a mail might meet the same."""
    now = room_of(session).clock()
    table = table_of(NoticeSending)
    items = _of_parcel(session, parcel)
    if not items:
        return
    mine = (table.c.message_id == parcel.message_id) & (table.c.channel == items[0].channel)
    session.execute(update(table).where(mine, table.c.pass_at.is_not(None)).values(pass_at=now))
    agency = _agency(session, items[0])
    if agency:
        telling.tell(session, _alarm(parcel, answer, agency, today(now)), now=now, by_mail=False)


def _agency(session: Session, one: NoticeSending) -> str:
    told = session.get(PersonNotice, one.notice_id) if one.notice_id else None
    if told is not None:
        return told.agency
    kind, _, name = one.whom.partition(":")
    if kind == "agency":
        return name
    person = session.get(Person, UUID(name))
    return person.agency if person is not None else ""


def _alarm(parcel: Parcel, answer: Answer, agency: str, on: date) -> NoticeRaised:
    why = f"{answer.status} {answer.words[:200]}"
    what_zh, what_en = ("邮件", "Mail") if parcel.carrier == "mail" else ("提醒渠道", "A notice channel")
    return NoticeRaised(
        key=f"stopped:{parcel.carrier}:{parcel.receiver}:{on.isoformat()}",
        agency=agency,
        role="administrator",
        type="delivery.stopped",
        level="info",
        subject=parcel.line.removeprefix("notice:"),
        title_zh=f"{what_zh}无法送达：{parcel.address}",
        title_en=f"{what_en} cannot be delivered: {parcel.address}",
        body_zh=f"发往 {parcel.address} 的通知被拒收：{why}。通知仍在站内收件箱中，请核对地址后重新发送。",
        body_en=f"A notice to {parcel.address} was refused: {why}. It is in the inbox; check the address, send again.",
    )
