"""A partner that is not us: the police and the procuratorate of the demo, using nothing but the published API.

It takes signed webhooks, fetches the dossier, checks every hash, and answers with signed messages whose ids follow
from what they answer: so it may be killed at any moment, and a repetition changes nothing.
"""

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from lianqin_client import Partner, Refused
from standardwebhooks import WebhookVerificationError

from scripts.seed import Credentials

DONE_ALREADY = ("message-replayed", "key-reused", "already-decided", "step-refused")


def stamp() -> str:
    """Return the present instant as the API writes it."""
    return datetime.now(UTC).isoformat()


@dataclass(slots=True)
class Agency:
    """One partner agency at its desk: what it does when an event arrives."""

    partner: Partner
    verification_key: str
    seen: list[str] = field(default_factory=list)

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        """Verify and handle one pushed event. Raises WebhookVerificationError for a signature that does not hold."""
        event = Partner.verify(body, headers, self.verification_key)
        self.seen.append(event["type"])
        handler = self.handlers().get(event["type"])
        if handler is not None:
            handler(event)

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        """Return what this agency reacts to."""
        return {}

    def answer(self, kind: str, event: dict[str, Any], data: dict[str, Any]) -> None:
        """Answer an event once: the same event always gives the same message id."""
        message_id = str(uuid.uuid5(uuid.UUID(event["id"]), kind))
        try:
            self.partner.answer(kind, event["subject"], data, message_id=message_id)
        except Refused as refused:
            if refused.problem.get("code") not in DONE_ALREADY:
                raise


class Police(Agency):
    """Issues the receipt, asks once for a supplement, then files the case."""

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        """Return what the police react to."""
        return {"referral.sent": self.receive, "referral.supplemented": self.decide}

    def receive(self, event: dict[str, Any]) -> None:
        """Fetch and check the dossier, issue the receipt bound to its manifest, and ask for what is missing."""
        dossier = self.partner.dossier(event["subject"])
        if not dossier.is_intact:
            raise ValueError("an item of the dossier does not have its hash")
        digest = dossier.referral["sent_manifest"]
        number = f"公受〔{datetime.now(UTC):%Y}〕{digest[:6]}号"
        receipt = {"receipt_number": number, "accepted_at": stamp(), "manifest_digest": digest}
        self.answer("partner.receipt", event, receipt)
        self.answer("partner.supplement_requested", event, {"outline": "请补充监测设备参数修改日志"})

    def decide(self, event: dict[str, Any]) -> None:
        """File the case and notify the decision in the same breath."""
        number = f"公立〔{datetime.now(UTC):%Y}〕{event['subject'][-6:]}号"
        at = stamp()
        self.answer("partner.filed", event, {"decision_number": number, "decided_at": at, "notified_at": at})


class Procuratorate(Agency):
    """Acknowledges the copy of the transfer letter."""

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        """Return what the procuratorate reacts to."""
        return {"referral.sent": self.acknowledge}

    def acknowledge(self, event: dict[str, Any]) -> None:
        """Say that the copy has arrived."""
        self.answer("partner.copy_acknowledged", event, {"acknowledged_at": stamp()})


KINDS: dict[str, type[Agency]] = {"psb": Police, "pro": Procuratorate}


class Door(ThreadingHTTPServer):
    """The partners' webhook addresses: `/<agency>`; an event is answered once it is dealt with."""

    daemon_threads = True

    def __init__(self, port: int, agencies: dict[str, Agency]) -> None:
        self.agencies = agencies
        super().__init__(("127.0.0.1", port), _Handler)

    def close(self) -> None:
        """Stop serving and give every connection back."""
        self.shutdown()
        self.server_close()
        for agency in self.agencies.values():
            agency.partner.close()

    def serve_in_background(self) -> None:
        """Serve from a thread."""
        threading.Thread(target=self.serve_forever, name="partner", daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take a webhook."""
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        server = self.server
        assert isinstance(server, Door)
        agency = server.agencies.get(self.path.strip("/"))
        self.send_response(_status(agency, body, dict(self.headers)))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: the demo prints its legs."""


def _status(agency: Agency | None, body: bytes, headers: dict[str, str]) -> int:
    if agency is None:
        return 404
    try:
        agency.take(body, headers)
    except (WebhookVerificationError, json.JSONDecodeError):
        return 401
    except (httpx.TransportError, Refused):
        return 503  # the desk was down or busy: it will send the event again
    return 204


def open_door(port: int, gateway_url: str, credentials: list[Credentials]) -> Door:
    """Return the partners' door, ready to serve."""
    agencies = {
        one.agency: KINDS[one.agency[:3]](
            Partner(gateway_url, one.client_id, one.client_secret, one.signing_secret), one.verification_key
        )
        for one in credentials
    }
    return Door(port, agencies)
