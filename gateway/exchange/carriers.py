"""How the gateway's deliveries leave: webhooks to partners, mail to people, and what happens when one gives up."""

import json
import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

import httpx
import structlog
from sqlmodel import Session

from gateway.exchange import delivered, notices, webhooks
from gateway.exchange.models import PersonNotice, Subscription
from gateway.identity.sealing import Seal
from shared.carriers import push
from shared.clock import ZONE
from shared.config import Settings
from shared.events import NoticeRaised
from shared.records.deliveries import Answer, Carrier, Parcel
from shared.records.room import Room, room_of

SMTP_SECONDS = 10.0
URGENT = {"zh": "【紧急】", "en": "[Urgent] "}
FOOT = {
    "zh": "本邮件由系统自动发送，请勿回复。事项：{subject}",
    "en": "Sent by the system; please do not answer. Subject: {subject}",
}
log = structlog.get_logger()


def carriers(room: Room, client: httpx.Client) -> dict[str, Carrier]:
    """Return the carriers of the gateway's worker by name."""
    return {"push": pushing(room, client), "mail": mailing(room.settings)}


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


def mailing(settings: Settings) -> Carrier:
    """Return the carrier that sends a notice by SMTP; permanent refusals stop, everything else is tried again."""

    def carry(parcel: Parcel, now: datetime) -> Answer:
        message = letter(parcel, settings, now=now)
        try:
            with _mail_server(settings) as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            return _smtp_answer(code, words)
        except smtplib.SMTPResponseException as refused:
            return _smtp_answer(refused.smtp_code, refused.smtp_error)
        except (smtplib.SMTPException, OSError) as unreachable:
            return Answer(0, f"{type(unreachable).__name__}: {unreachable}")
        return Answer(200)

    return carry


def _mail_server(settings: Settings) -> smtplib.SMTP:
    """Return a connection to the mail server, protected and signed in as the settings say."""
    at = (settings.smtp_host, settings.smtp_port)
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(*at, timeout=SMTP_SECONDS, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(*at, timeout=SMTP_SECONDS)
    if settings.smtp_security == "starttls":
        server.starttls(context=ssl.create_default_context())
    if settings.smtp_user:
        server.login(settings.smtp_user, settings.smtp_password)
    return server


def letter(parcel: Parcel, settings: Settings, *, now: datetime) -> EmailMessage:
    """Return the mail of a notice. Its Message-ID is the notice's id, so that a repetition is seen as one."""
    said: Mapping[str, str] = json.loads(parcel.body)
    language = said["language"]
    domain = settings.smtp_from.rpartition("@")[2]
    mark = URGENT[language] if said["level"] == "urgent" else ""
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.smtp_from
    message["To"] = parcel.address
    message["Subject"] = mark + " ".join(said["title"].split())
    message["Date"] = format_datetime(now.astimezone(ZONE))
    message["Message-ID"] = f"<{parcel.message_id}@{domain}>"
    message["List-Id"] = f"<notices.{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "en" if language == "en" else "zh-CN"
    message.set_content(f"{said['body']}\n\n{FOOT[language].format(subject=said['subject'])}\n")
    return message


def on_stopped(session: Session, parcel: Parcel, answer: Answer) -> None:
    """Call the agency's administrator when a delivery gave up; 410 makes the subscription inactive."""
    log.error("delivery.stopped", delivery=parcel.id, receiver=parcel.receiver, status=answer.status)
    if parcel.carrier == "push":
        _push_stopped(session, parcel, answer)
    else:
        _mail_stopped(session, parcel, answer)


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
    notices.tell(session, notice, now=now)


def _mail_stopped(session: Session, parcel: Parcel, answer: Answer) -> None:
    """Tell administrators in their inbox only: a second mail would meet the same refusal."""
    told = session.get(PersonNotice, parcel.message_id)
    if told is None:
        return
    why = f"{answer.status} {answer.words[:200]}"
    notice = NoticeRaised(
        key=f"stopped:mail:{parcel.address}",
        agency=told.agency,
        role="administrator",
        type="delivery.stopped",
        level="info",
        subject=told.subject,
        title_zh=f"邮件无法送达：{parcel.address}",
        title_en=f"Mail cannot be delivered: {parcel.address}",
        body_zh=f"发往 {parcel.address} 的通知邮件被拒收：{why}。通知仍在站内收件箱中，请核对邮箱地址。",
        body_en=f"Mail to {parcel.address} was refused: {why}. The notice is in the inbox; check the mail address.",
    )
    notices.tell(session, notice, now=room_of(session).clock(), by_mail=False)


def _smtp_answer(code: int, words: bytes | str) -> Answer:
    """Return an SMTP reply as deliveries understand it: 5yz lasts (RFC 5321 section 4.2.1), 4yz passes."""
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    return Answer(400 if code >= 500 else 503, f"SMTP {code} {said}")
