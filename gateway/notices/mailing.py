"""Notices by mail: the letter, its calendar if it brings one, and what the mail server's answers mean."""

import json
import re
import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from shared.clock import ZONE
from shared.config import Settings
from shared.records.deliveries import Answer, Carrier, Parcel

SMTP_SECONDS = 10.0
URGENT = {"zh": "【紧急】", "en": "[Urgent] "}
FOOT = {
    "zh": "本邮件由系统自动发送，请勿回复。事项：{subject}",
    "en": "Sent by the system; please do not answer. Subject: {subject}",
}
LINE_END = re.compile(r"\r?\n")
"""Of a calendar, nothing else: what a title holds of Unicode's line separators stays in its line."""
METHOD = re.compile(r"^METHOD:([A-Za-z]{3,20})\s*$", re.MULTILINE)


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
    if said.get("calendar"):
        _invite(message, said["calendar"])
    return message


def _invite(message: EmailMessage, calendar: str) -> None:
    """Add a calendar as an alternative, which calendars act on, and as a file, which people keep (RFC 6047)."""
    found = METHOD.search(calendar)
    method = found.group(1).upper() if found else "PUBLISH"
    text = LINE_END.sub("\r\n", calendar.rstrip("\r\n") + "\n")
    message.add_alternative(text, subtype="calendar", params={"method": method, "charset": "utf-8"}, cte="base64")
    params = {"method": method, "charset": "utf-8"}
    message.add_attachment(text.encode(), maintype="text", subtype="calendar", filename="invite.ics", params=params)


def _smtp_answer(code: int, words: bytes | str) -> Answer:
    """Return an SMTP reply as deliveries understand it: 5yz lasts (RFC 5321 section 4.2.1), 4yz passes."""
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    return Answer(400 if code >= 500 else 503, f"SMTP {code} {said}")
