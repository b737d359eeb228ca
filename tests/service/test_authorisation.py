"""Every route of the rooms × {no token, wrong agency, wrong role, supervisor, owner}: deny by default."""

import re

import pytest

from tests import journeys
from tests.desk import ROOMS, Desk, officer

ALL_ROLES = (
    "case_officer",
    "clue_officer",
    "agency_head",
    "legal_reviewer",
    "liaison",
    "evidence_keeper",
    "duty_officer",
    "administrator",
)
OWNER = officer(journeys.EEA, *ALL_ROLES)
STRANGERS = (
    officer("eea-320100", *ALL_ROLES),
    officer("psb-320100", *ALL_ROLES),
    officer("mra-320500", *ALL_ROLES),
    officer("pro-320100", *ALL_ROLES),
)
SUPERVISOR = officer("eea-320000", *ALL_ROLES)
AUDITOR = officer(journeys.EEA, "auditor")
AT = "2026-09-07T09:00:00+08:00"
DIGEST = "0" * 64
BODIES = {
    "assign": {"assigned_to": "x"},
    "verify": {"result": "confirmed", "findings": "x"},
    "verify-again": {"reason": "x"},
    "triage": {"priority": "high", "reason": "x"},
    "review": {"review_opinion": "x"},
    "redirect": {"redirected_to": "psb-320500", "reason": "x"},
    "take-over": {},
    "send-back": {"reason": "x"},
    "accept": {},
    "decline": {"reason": "x"},
    "decline-filing": {
        "reason": "x",
    },
    "file": {"case_no": "1", "officers": ["a", "b"]},
    "extend-filing": {"extension_days": 5, "ground": "x", "approved_by": "x"},
    "extend-limit": {"extension_days": 5, "ground": "x", "approved_by": "x"},
    "record": {"facts": {"conduct": {"value": "dump"}}},
    "conclude": {"finding": "violation", "proposal": "x"},
    "reopen": {"reason": "x"},
    "resume": {"reason": "x"},
    "refer": {"suspected_offence": "x"},
    "refer-decided": {"suspected_offence": "x"},
    "supplement": {"note": "x"},
    "decide": {"decision": "penalty", "decision_number": "1", "reason": "x"},
    "close": {"result": "penalised"},
    "submit-report": {"procedure_lawful": True, "evidence_lawful": True},
    "approve": {},
    "refuse": {"reasons": "x"},
    "send": {"letter_number": "1"},
    "correct": {"note": "x"},
    "supply": {"note": "x"},
    "hand-over-items": {"handed_at": AT},
    "request-reconsideration": {"grounds": "x"},
    "suggest-supervision": {"grounds": "x"},
    "record-platform-entry": {"platform_entry_number": "1"},
    "close-not-filed": {"reason": "x"},
    "receipt": {"receipt_number": "1", "accepted_at": AT, "manifest_digest": DIGEST},
    "acknowledge-copy": {"acknowledged_at": AT},
    "request-correction": {"missing_materials": "x"},
    "request-supplement": {"outline": "x"},
    "extend-clue-check": {"ground": "x"},
    "extend-complex": {"ground": "x", "approver": "x"},
    "notify": {"notified_at": AT},
    "forward": {"forwarded_to": "psb-320100", "confirmed_at": AT},
    "return": {"reasons": "x", "confirmed_at": AT},
    "withdraw": {"reasons": "x", "decided_at": AT},
    "criminal-result": {"result": "convicted", "decided_at": AT},
    "return-for-investigation": {"returned_at": AT, "outline": "x"},
    "finish-investigation": {"note": "x"},
    "documents": {"kind": "materials_list"},
    "dossier": {},
    "preview": {"kind": "materials_list"},
    "facts": {"facts": {"illegal": {"value": True}}},
    "refer-otherwise": {"procedure": "market_regulation_referral"},
    "acts": {"act": "moved", "stated": {"storage_place": "x", "reason": "x"}},
    "serious": {"grounds": "x", "approved_by": "x"},
    "end": {"reasons": "x"},
    "exhibits": {
        "name": "x",
        "quantity": 1,
        "unit": "x",
        "features": "x",
        "storage_place": "x",
        "taken_by": ["x"],
        "taken_at": AT,
        "taken_place": "x",
    },
}
POLICE_FILE = {"decision_number": "1", "decided_at": AT}
POLICE_STEPS = {
    "receipt",
    "request-correction",
    "request-supplement",
    "extend-clue-check",
    "extend-complex",
    "notify",
    "forward",
    "return",
    "withdraw",
    "criminal-result",
    "acknowledge-copy",
    "return-for-investigation",
    "finish-investigation",
}
RECEIVER_STEPS = {"take-over", "send-back"}
"""Steps of a clue that only the agency it was redirected to takes."""
OF_THE_PROVINCE = {("clue", "triage"), ("clue", "assign")}
"""Steps the bureau above takes too."""
READING = {"check"}
"""What is asked for by POST and changes nothing."""
NOT_YET = "00000000-0000-0000-0000-000000000000"
"""A receipt that was not issued yet: even those who may read find nothing."""


@pytest.fixture
def routes(desk: Desk) -> list[tuple[str, str, str]]:
    """Every subject route of every room as (room, method, path)."""
    found = [
        (room, method.upper(), path)
        for room, client in desk.clients.items()
        for path, operations in client.app.openapi()["paths"].items()
        for method in operations
        if re.fullmatch(r"/v1/(clues|cases|referrals)/\{.*", path)
    ]
    assert {room for room, *_ in found} == {"clue", "case", "referral"}
    return found


@pytest.fixture
def made(desk: Desk):
    """A journey as far as the drafted referral: one subject of each kind, with evidence."""
    referral = journeys.referral_requested(desk)
    clue = desk.get(journeys.OFFICER, "/v1/clues")["items"][0]
    case = desk.get(journeys.OFFICER, "/v1/cases")["items"][0]
    ids = {"clue": clue["id"], "case": case["id"], "referral": referral["id"]}
    items = {
        kind: desk.get(journeys.OFFICER, f"/v1/{kind}s/{found}/evidence")["items"][0]["id"]
        for kind, found in ids.items()
    }
    return ids, items


def call(desk: Desk, who, room: str, method: str, path: str, made):
    ids, items = made
    filled = re.sub(r"\{(subject|clue|case|referral)_id\}", ids[room], path).replace("{item_id}", items[room])
    taken = "file_case" if room == "case" else "submit_report"
    filled = filled.replace("{step_id}", taken).replace("{receipt_id}", NOT_YET)
    step = path.rsplit("/", 1)[-1]
    if method == "GET":
        return desk.call(who, "GET", filled)
    if step == "evidence":
        params = {"document": "crim_other", "name": "a.txt"}
        headers = {"content-type": "text/plain"}
        return desk.call(who, "POST", filled, params=params, content=b"text", headers=headers)
    body = BODIES.get(step, {"reason": "x"})
    if path.endswith("/steps/{step_id}"):
        body = {"stated": BODIES["file" if room == "case" else "submit-report"]}
    if room == "referral" and step in ("file", "decline-filing"):
        body = POLICE_FILE | ({"reasons": "x"} if step == "decline-filing" else {})
    if step == "withdraw" and "evidence" in path:
        body = {"reason": "x"}
    return desk.call(who, "POST", filled, json=body)


def test_every_route_denies_by_default(desk: Desk, made, routes):
    for room, method, path in routes:
        place = f"{method} {path}"
        assert call(desk, None, room, method, path, made).status_code == 401, place
        for stranger in STRANGERS:
            answer = call(desk, stranger, room, method, path, made)
            assert answer.status_code == 404, f"{place} as {stranger.agency}: {answer.status_code} {answer.text}"
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_role_reads_but_takes_no_step(desk: Desk, made, routes):
    for room, method, path in routes:
        answer = call(desk, AUDITOR, room, method, path, made)
        expected = 200 if method == "GET" or path.rsplit("/", 1)[-1] in READING else 403
        expected = 404 if "{receipt_id}" in path else expected
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text}"


def test_a_supervisor_reads_but_takes_no_step_of_others(desk: Desk, made, routes):
    for room, method, path in routes:
        answer = call(desk, SUPERVISOR, room, method, path, made)
        step = path.rsplit("/", 1)[-1]
        expected = 200 if method == "GET" or step in READING else 409 if (room, step) in OF_THE_PROVINCE else 403
        expected = 404 if "{receipt_id}" in path else expected
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text}"


def test_an_owner_is_never_told_to_go_away(desk: Desk, made, routes):
    for room, method, path in routes:
        step = path.rsplit("/", 1)[-1]
        of_police = room == "referral" and (step in POLICE_STEPS or step in ("file", "decline-filing"))
        of_police |= step in RECEIVER_STEPS
        answer = call(desk, OWNER, room, method, path, made)
        refused = {403, 409} if of_police and "evidence" not in path else {200, 201, 409, 422}
        refused = {404} if "{receipt_id}" in path else refused
        assert answer.status_code in refused, f"{method} {path}: {answer.status_code} {answer.text}"


def test_lists_show_each_agency_its_own(desk: Desk, made):
    for plural in ("clues", "cases", "referrals"):
        assert len(desk.get(OWNER, f"/v1/{plural}")["items"]) == 1
        assert len(desk.get(SUPERVISOR, f"/v1/{plural}")["items"]) == 1
        for stranger in STRANGERS:
            assert desk.get(stranger, f"/v1/{plural}")["items"] == []


def test_boards_and_journeys_show_each_agency_its_own(desk: Desk, made):
    clue = desk.get(OWNER, "/v1/clues")["items"][0]
    for room in ROOMS:
        for path in ("/v1/deadlines", f"/v1/journeys/{clue['journey_id']}"):
            assert desk.call(None, "GET", path, room=room).status_code == 401
            for stranger in STRANGERS:
                shown = desk.call(stranger, "GET", path, room=room).json()
                assert shown.get("items", shown.get("entries")) == []


def test_the_police_see_a_referral_only_once_it_is_sent(desk: Desk, made):
    ids, _items = made
    path = f"/v1/referrals/{ids['referral']}"
    assert desk.call(journeys.POLICE, "GET", path).status_code == 404


def test_the_police_see_what_was_handed_over_and_nothing_later(desk: Desk):
    sent = journeys.sent_referral(desk)
    path = f"/v1/referrals/{sent['id']}"
    handed = desk.get(journeys.POLICE, f"{path}/evidence")["items"]
    assert handed
    later = desk.attach(journeys.OFFICER, path, "crim_other", b"later")
    assert later["id"] not in {item["id"] for item in desk.get(journeys.POLICE, f"{path}/evidence")["items"]}
    opened = desk.call(journeys.POLICE, "GET", f"{path}/evidence/{later['id']}/content")
    assert opened.status_code == 404
    assert desk.call(journeys.POLICE, "GET", f"{path}/evidence/{handed[0]['id']}/content").status_code == 200


def test_the_police_read_of_the_journal_what_they_did_or_were_told(desk: Desk):
    referral = journeys.receipted_referral(desk)
    path = f"/v1/referrals/{referral['id']}"
    desk.attach(journeys.OFFICER, path, "crim_other", b"internal")
    ours = desk.get(journeys.OFFICER, f"{path}/journal", params={"limit": 200})["items"]
    theirs = desk.get(journeys.POLICE, f"{path}/journal", params={"limit": 200})["items"]
    assert [entry["hash"] for entry in ours] == [entry["hash"] for entry in theirs]
    assert all(entry["body"] for entry in ours)
    read = {entry["type"] for entry in theirs if entry["body"]}
    assert {"referral.sent", "referral.received"} <= read
    assert not read & {"evidence.added", "referral.report_submitted", "referral.approved"}
    together = desk.get(journeys.POLICE, f"/v1/journeys/{referral['journey_id']}", room="referral")["entries"]
    assert {entry["type"] for entry in together if entry["body"]} == read
    across = desk.get(journeys.POLICE, f"/v1/journeys/{referral['journey_id']}", room="case")["entries"]
    assert across == []
