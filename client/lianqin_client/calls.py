"""Calls on the published API: as a partner's program, or as an officer."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from lianqin_client.dossier import Dossier, Item

RENEW_SECONDS = 60.0


class Refused(Exception):
    """The desk refused: `problem` is its problem document (what, why, what next)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status, self.problem = status, problem
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', '')}")


class _Caller(ABC):
    def __init__(self, base_url: str, *, language: str = "zh", transport: httpx.BaseTransport | None = None) -> None:
        headers = {"accept-language": language}
        self._http = httpx.Client(base_url=base_url, timeout=30.0, headers=headers, transport=transport)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    @abstractmethod
    def _token(self) -> str:
        """Return a bearer token that holds."""

    def call(self, method: str, path: str, **extra: Any) -> httpx.Response:
        """Send a request with the caller's token. Raises Refused for every answer that is not a success."""
        headers = {"authorization": f"Bearer {self._token()}"} | dict(extra.pop("headers", {}))
        return _checked(self._http.request(method, path, headers=headers, **extra))

    def get(self, path: str, **params: Any) -> Any:
        """Read."""
        return self.call("GET", path, params=params).json()

    def post(self, path: str, body: Mapping[str, Any], *, key: str | None = None) -> Any:
        """Write; `key` makes a repetition harmless."""
        headers = {"idempotency-key": key} if key else {}
        return self.call("POST", path, json=dict(body), headers=headers).json()

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Put."""
        return self.call("PUT", path, json=dict(body)).json()


class _Matters(_Caller):
    """Matters between agencies, for officers and partners alike. A `path` is such as `/v1/referrals/<id>`."""

    def open(self, kind: str, procedure: str, **matter: Any) -> Any:
        """Open a `referral`, `supervision`, `consultation` or `measure` under a procedure of the catalogue."""
        return self.call("POST", f"/v1/{kind}s", json={"procedure": procedure, **matter}).json()

    def take(self, path: str, step: str, **stated: Any) -> Any:
        """Take a step, of a case too (`/v1/cases/<id>`); `steps` says which there are and what each asks for."""
        return self.call("POST", f"{path}/steps/{step}", json={"stated": stated}).json()

    def steps(self, path: str, language: str = "zh") -> list[dict[str, Any]]:
        """Return the steps from here: allowed or not, why not, and the fields each states."""
        found: list[dict[str, Any]] = self.get(f"{path}/steps", language=language)["steps"]
        return found

    def check(self, path: str, language: str = "zh") -> dict[str, Any]:
        """Check before acting: standards, documents, steps and the clocks that would start."""
        found: dict[str, Any] = self.call("POST", f"{path}/check", params={"language": language}).json()
        return found


class Officer(_Matters):
    """A person signed in with login and password."""

    def __init__(self, base_url: str, login: str, password: str, **extra: Any) -> None:
        super().__init__(base_url, **extra)
        answer = _checked(self._http.post("/v1/sessions", json={"login": login, "password": password}))
        self._held: str = answer.json()["token"]

    def _token(self) -> str:
        return self._held

    def attach(self, path: str, document: str, name: str, content: bytes, media_type: str, **details: Any) -> Any:
        """Upload an item of evidence to a subject (`/v1/cases/<id>`), its hash checked on arrival."""
        params = {
            "document": document,
            "name": name,
            "details": json.dumps(details, ensure_ascii=False),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        headers = {"content-type": media_type}
        return self.call("POST", f"{path}/evidence", params=params, content=content, headers=headers).json()


class Partner(_Matters):
    """A partner agency's program: OAuth2 client credentials, signed answers (Standard Webhooks)."""

    def __init__(self, base_url: str, client_id: str, client_secret: str, signing_secret: str, **extra: Any) -> None:
        super().__init__(base_url, **extra)
        self._credentials = (client_id, client_secret)
        self._signing = signing_secret
        self._held, self._until = "", 0.0

    def _token(self) -> str:
        if time.monotonic() > self._until - RENEW_SECONDS:
            form = {"grant_type": "client_credentials"}
            answer = _checked(self._http.post("/oauth/token", data=form, auth=self._credentials)).json()
            self._held, self._until = answer["access_token"], time.monotonic() + float(answer["expires_in"])
        return self._held

    @staticmethod
    def verify(body: bytes, headers: Mapping[str, str], verification_key: str) -> dict[str, Any]:
        """Return a pushed event whose signature holds. Raises standardwebhooks.WebhookVerificationError."""
        event: dict[str, Any] = Webhook(verification_key).verify(body, dict(headers))
        return event

    def events(self, after: int = 0, limit: int = 50) -> dict[str, Any]:
        """Read the feed of events for the agency; go on with `next`."""
        found: dict[str, Any] = self.get("/v1/events", after=after, limit=limit)
        return found

    def dossier(self, ref: str) -> Dossier:
        """Fetch a referral with every item that was handed over."""
        path = f"/v1/referrals/{ref.partition(':')[2]}"
        listed = self.get(f"{path}/evidence")["items"]
        return Dossier(self.get(path), tuple(self._item(path, one) for one in listed))

    def _item(self, path: str, listed: Mapping[str, Any]) -> Item:
        content = self.call("GET", f"{path}/evidence/{listed['id']}/content").content
        names = ("id", "document", "name", "media_type", "sha256", "size", "details")
        return Item(**{name: listed[name] for name in names}, content=content)

    def answer(self, kind: str, ref: str, data: Mapping[str, Any], *, message_id: str | None = None) -> dict[str, Any]:
        """Send a signed message about a referral; repeat it with the same `message_id` when no answer came."""
        message_id = message_id or str(uuid.uuid4())
        event = {
            "specversion": "1.0",
            "id": message_id,
            "source": "/partner",
            "type": kind,
            "subject": ref,
            "time": datetime.now(UTC).isoformat(),
            "datacontenttype": "application/json",
            "journeyid": str(uuid.UUID(int=0)),
            "data": dict(data),
        }
        body = json.dumps(event, ensure_ascii=False).encode()
        headers = signed(body, message_id, self._signing) | {"content-type": "application/cloudevents+json"}
        reply: dict[str, Any] = self.call("POST", "/v1/inbound", content=body, headers=headers).json()
        return reply


def signed(body: bytes, message_id: str, secret: str) -> dict[str, str]:
    """Return the Standard Webhooks headers over the exact bytes."""
    stamp = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    content = b".".join((message_id.encode(), stamp.encode(), body))
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    is_problem = "json" in answer.headers.get("content-type", "")
    raise Refused(answer.status_code, answer.json() if is_problem else {"detail": answer.text[:300]})
