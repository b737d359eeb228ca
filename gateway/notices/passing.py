"""What does not arrive goes by the next channel, once; when no channel is left, the administrator is called."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import Session, col, select

from gateway.exchange.models import PersonNotice
from gateway.identity.models import Person
from gateway.notices import letters, preferences, telling
from gateway.notices.holding import acknowledged, ways_of
from gateway.notices.models import NoticeSending
from gateway.notices.quiet import URGENT
from shared.clock import today
from shared.events import NoticeRaised
from shared.records.deliveries import Delivery, queue
from shared.records.room import Room, room_of

BATCH = 200
log = structlog.get_logger()


def pass_on(room: Room) -> int:
    """Use the next channel for what did not arrive in its time. Returns how many sendings were looked at."""
    with room.reading() as session:
        if session.exec(_late(room.clock()).limit(1)).first() is None:
            return 0
    with room.transaction() as session:
        now = room.clock()
        late = list(session.exec(_late(now).limit(BATCH).with_for_update(skip_locked=True)))
        found = _with_those_before(session, late)
        arrived = _arrived(session, found)
        read = acknowledged(session, found)
        for one in found:
            one.pass_at = None
            session.add(one)
            if (one.message_id, one.receiver) in arrived or one.notice_id in read:
                continue
            _next_channel(session, one, now=now)
        return len(late)


def _with_those_before(session: Session, late: Sequence[NoticeSending]) -> list[NoticeSending]:
    """Return what is late and what waits before it in the same line: passed on together, a subject keeps its order."""
    found = {(one.key, one.whom, one.channel): one for one in late}
    for one in late:
        before = select(NoticeSending).where(
            NoticeSending.whom == one.whom,
            NoticeSending.channel == one.channel,
            NoticeSending.subject == one.subject,
            col(NoticeSending.pass_at).is_not(None),
            col(NoticeSending.message_id) < one.message_id,
        )
        found |= {
            (row.key, row.whom, row.channel): row for row in session.exec(before.with_for_update(skip_locked=True))
        }
    return sorted(found.values(), key=lambda one: one.message_id.int)


def _late(now: datetime) -> Any:
    statement = select(NoticeSending).where(col(NoticeSending.pass_at) <= now)
    return statement.order_by(col(NoticeSending.pass_at), col(NoticeSending.message_id))


def _arrived(session: Session, sendings: Sequence[NoticeSending]) -> set[tuple[UUID, str]]:
    statement = select(Delivery.message_id, Delivery.receiver).where(
        col(Delivery.message_id).in_([one.message_id for one in sendings]), Delivery.state == "delivered"
    )
    return set(session.exec(statement))


def _next_channel(session: Session, late: NoticeSending, *, now: datetime) -> None:
    """Send by the next channel that was not used yet, or note that none is left."""
    same = select(NoticeSending).where(NoticeSending.key == late.key, NoticeSending.whom == late.whom)
    used = list(session.exec(same))
    ways = ways_of(session, late.whom, late.level)
    name = next((name for name in _order(session, late, ways) if name not in {one.channel for one in used}), None)
    if name is None:
        _without_channel(session, late, used, now=now)
        return
    late.outcome = "passed"
    taken = late.model_dump(exclude={"channel", "rank", "outcome", "held", "send_at", "pass_at", "at"})
    wait = letters.patience(room_of(session).settings, late.level, in_hours=_in_hours(session, late))
    stand_in = NoticeSending(channel=name, rank=late.rank + 1, pass_at=now + wait, at=now, **taken)
    session.add(stand_in)
    if not _is_queued(session, stand_in):
        queue(session, [letters.parcel(stand_in, ways[name], now=now)])
    session.flush()
    log.warning("notice.passed_on", notice=str(late.notice_id), channel=late.channel, next=name)


def _order(session: Session, late: NoticeSending, ways: dict[str, letters.Way]) -> list[str]:
    """Return the channels in the order in which they are tried; what is urgent goes by the others one has at last."""
    kind, _, name = late.whom.partition(":")
    if kind == "agency":
        return list(ways)
    choice = preferences.chosen(session, UUID(name))
    order = preferences.order_of(choice, late.level, {key: way.kind for key, way in ways.items()})
    return order if late.level != URGENT else list(dict.fromkeys([*order, *ways]))


def _is_queued(session: Session, one: NoticeSending) -> bool:
    """Whether the message is on its way to this receiver already: a digest's items share theirs."""
    statement = select(Delivery.id).where(Delivery.message_id == one.message_id, Delivery.receiver == one.receiver)
    return session.exec(statement.limit(1)).first() is not None


def _in_hours(session: Session, late: NoticeSending) -> bool:
    told = session.get(PersonNotice, late.notice_id) if late.notice_id else None
    return told is not None and told.in_hours


def _without_channel(session: Session, late: NoticeSending, used: Sequence[NoticeSending], *, now: datetime) -> None:
    """Call the administrator when no channel of all that were used has delivered it or may still do so in time.

    Nobody is called about a person whose account was closed.
    """
    waits = any(one.pass_at is not None for one in used if one.channel != late.channel)
    if waits or _arrived(session, used):
        late.outcome = "passed"
        return
    agency, name = _who(session, late.whom)
    late.outcome = "failed" if agency else "not_needed"
    session.flush()
    if agency:
        log.error("notice.undelivered", whom=late.whom, key=late.key, channels=[one.channel for one in used])
        telling.tell(session, _alarm(late, agency, name, now), now=now, by_mail=False)


def _who(session: Session, whom: str) -> tuple[str, str]:
    """Return the agency and the name to call about; both empty when there is nobody any more."""
    kind, _, name = whom.partition(":")
    if kind == "agency":
        return name, name
    person = session.get(Person, UUID(name))
    return (person.agency, person.name) if person is not None and person.active else ("", "")


def _alarm(late: NoticeSending, agency: str, name: str, now: datetime) -> NoticeRaised:
    """Return the call to the administrator: once a day for whoever cannot be reached."""
    return NoticeRaised(
        key=f"undelivered:{late.whom}:{today(now).isoformat()}",
        agency=agency,
        role="administrator",
        type="notice.undelivered",
        level="urgent",
        subject=late.whom,
        title_zh=f"提醒无法送达：{name}",
        title_en=f"Notices do not reach {name}",
        body_zh=f"{name} 的各提醒渠道均未能送达，提醒仅在站内收件箱中。请电话告知本人，"
        "在“送达失败的渠道”中查明原因，排除后重新发送。",
        body_en=f"No channel of {name} delivers; the notices are in the inbox only. Tell them by telephone, look at "
        "the failing channels, mend the cause and send again.",
    )
