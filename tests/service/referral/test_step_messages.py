"""Steps of any procedure taken by a partner's message: once, as that partner, and refused in words."""

import json
from typing import Any

import httpx

from shared.identity import Principal
from tests.desk import Desk, officer
from tests.journeys import OFFICER
from tests.service.referral.test_proceedings import MARKET, opened, step

POLICE = officer("psb-320500", "liaison")


def send(desk: Desk, who: Principal, subject: str, data: dict[str, Any], *, id: str = "m1") -> httpx.Response:
    """Deliver a partner's message to the room as the gateway does once it has verified it."""
    event = {"specversion": "1.0", "id": id, "source": "/partner", "type": "partner.step", "subject": subject}
    event |= {"time": desk.clock.now.isoformat(), "journeyid": "018f0000-0000-7000-8000-000000000000", "data": data}
    body = json.dumps(event).encode()
    return desk.call(who, "POST", "/internal/inbound", content=body, room="referral")


def receipt(desk: Desk, referral: Any) -> dict[str, Any]:
    """What market regulation says of a referral it received."""
    stated = {"received_at": desk.clock.now.isoformat(), "manifest_digest": referral["sent_manifest"]}
    return {"step": "receive", "stated": stated}


def test_a_message_takes_the_step_once(desk: Desk) -> None:
    sent = step(desk, OFFICER, opened(desk), "send", letter_number="1")
    answer = send(desk, MARKET, sent["ref"], receipt(desk, sent))
    assert (answer.status_code, answer.json()["state"]) == (200, "received")
    again = send(desk, MARKET, sent["ref"], receipt(desk, sent))
    assert again.headers["message-repeated"] == "true"
    assert desk.get(MARKET, f"/v1/referrals/{sent['id']}")["version"] == answer.json()["version"]


def test_another_agency_is_told_there_is_no_such_subject(desk: Desk) -> None:
    sent = step(desk, OFFICER, opened(desk), "send", letter_number="1")
    assert send(desk, POLICE, sent["ref"], receipt(desk, sent)).status_code == 404


def test_a_consultation_is_answered_by_message(desk: Desk) -> None:
    body = {"procedure": "consultation", "title": "取样", "summary": "略", "division": "320500"}
    body |= {"parties": {"receiver": ["psb-320500"]}, "stated": {"question": "是否到场"}}
    asked = desk.post(OFFICER, "/v1/consultations", body, expect=201)
    desk.post(OFFICER, f"/v1/consultations/{asked['id']}/steps/ask_orally", {"stated": {}})
    answer = send(desk, POLICE, asked["ref"], {"step": "reply_orally", "stated": {"reply": "到场"}})
    assert answer.json()["state"] == "replied"


def test_what_does_not_fit_is_refused_in_words(desk: Desk) -> None:
    sent = step(desk, OFFICER, opened(desk), "send", letter_number="1")
    cases: list[tuple[str, dict[str, Any], int]] = [
        ("case:018f0000-0000-7000-8000-000000000000", {"step": "receive"}, 422),
        ("referral:nothing", {"step": "receive"}, 422),
        (sent["ref"], {"step": "dance"}, 422),
        (sent["ref"], {"stated": {}}, 422),
        (sent["ref"], {"step": "receive", "stated": {}}, 422),
        (sent["ref"], {"step": "report_result", "stated": {}}, 409),
    ]
    for number, (subject, data, status) in enumerate(cases):
        answer = send(desk, MARKET, subject, data, id=f"bad{number}")
        assert answer.status_code == status, (subject, data, answer.text)
        assert answer.json()["detail"]
