"""How the gateway's deliveries leave: webhooks to partners, notices to people, and what happens when one gives up."""

from datetime import datetime
from uuid import UUID

import httpx
import structlog
from sqlmodel import Session

from gateway.exchange import delivered, webhooks
from gateway.exchange.models import Subscription
from gateway.identity.sealing import Seal
from gateway.notices import carrying, telling
from shared.carriers import push
from shared.events import NoticeRaised
from shared.records.deliveries import Answer, Carrier, Parcel
from shared.records.room import Room, room_of

log = structlog.get_logger()


def carriers(room: Room, client: httpx.Client) -> dict[str, Carrier]:
    """Return the carriers of the gateway's worker by name."""
    return {"push": pushing(room, client), **carrying.carriers(room, client)}


def pushing(room: Room, client: httpx.Client) -> Carrier:
    """Return the carrier that posts an event to a subscription, signed with its keys."""
    seal = Seal(room.settings.internal_secret)

    def carry(parcel: Parcel, now: datetime) -> Answer:
        with room.reading() as session:
            row = session.get(Subscription, UUID(parcel.receiver.removeprefix("subscription:")))
        if row is None or not row.active:
            return Answer(410, "the subscription is not active")
        target = (row.url, webhooks.signing_keys(row, seal))
        answer = push.carrier(client, lambda _parcel: target)(parcel, now)
        if answer.taken:
            delivered.note(room, row.agency, [parcel.body])
        return answer

    return carry


def on_stopped(session: Session, parcel: Parcel, answer: Answer) -> None:
    """Call the agency's administrator when a delivery gave up; 410 makes the subscription inactive."""
    log.error("delivery.stopped", delivery=parcel.id, receiver=parcel.receiver, status=answer.status)
    if parcel.carrier == "push":
        _push_stopped(session, parcel, answer)
    elif parcel.carrier in carrying.NAMES:
        carrying.stopped(session, parcel, answer)


def _push_stopped(session: Session, parcel: Parcel, answer: Answer) -> None:
    room = room_of(session)
    now = room.clock()
    row = session.get(Subscription, UUID(parcel.receiver.removeprefix("subscription:")))
    if row is None:
        return
    if answer.status == 410:
        webhooks.stop(session, row, "410", by=room.itself, now=now)
    since = f"{row.id}:{row.stopped_at.timestamp():.6f}" if row.stopped_at else f"{parcel.id}:{parcel.token}"
    why = f"{answer.status} {answer.words[:200]}"
    notice = NoticeRaised(
        key=f"stopped:{since}",
        agency=row.agency,
        role="administrator",
        type="delivery.stopped",
        level="urgent",
        subject=parcel.line,
        title_zh=f"推送已停止：{row.url}",
        title_en=f"Pushing stopped: {row.url}",
        body_zh=f"发往 {row.url} 的消息（{parcel.type}）已停止推送：{why}。"
        "请排除原因后恢复该订阅，未送达的消息将依次补送。",
        body_en=f"Messages ({parcel.type}) to {row.url} are no longer pushed: {why}. "
        "Mend the cause and resume the subscription; what was not delivered follows in its order.",
    )
    telling.tell(session, notice, now=now)
