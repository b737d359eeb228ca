"""Templates an agency replaces: tried, kept as versions, journalled, used; a malformed one leaves the former in use."""

import io
import json
from typing import Any

import docx
import httpx
import pytest
from pypdf import PdfReader

from shared.documents import templates
from shared.identity import Principal
from shared.records.journal import timeline
from shared.records.verifying import verify_room
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import EEA, OFFICER, POLICE, PSB
from tests.service.referral.issuing import LETTER, content, issue, said

KEEPER = officer(EEA, "administrator")
OURS = templates.packaged("transfer_letter", "pdf").decode()
CHANGED = OURS.replace("请依法审查处理", "请贵单位依法审查处理").encode()
ADDRESS = "/v1/documents/templates/transfer_letter"


def put(desk: Desk, body: bytes, who: Principal | None = KEEPER, *, format: str = "pdf") -> httpx.Response:
    """Bring a template of the letter."""
    return desk.call(who, "PUT", f"{ADDRESS}/{format}", content=body, room="referral")


def current(desk: Desk, who: Principal = KEEPER) -> dict[str, int]:
    """Which version holds, by format."""
    listed = desk.get(who, ADDRESS, room="referral")["items"]
    return {one["format"]: one["version"] for one in listed if one["is_current"]}


def letter(desk: Desk, referral: Any, **body: Any) -> tuple[Any, str]:
    """Issue a letter and read it."""
    made = issue(desk, referral, "transfer_letter", fields=LETTER, **body)
    return made, said(content(desk, OFFICER, referral, made["files"][0]["item"]))


def test_an_agencys_own_template_is_used_by_that_agency_alone(desk: Desk):
    referral = journeys.approved_referral(desk)
    answer = put(desk, CHANGED)
    assert (answer.status_code, answer.json()["version"]) == (200, 1), answer.text
    made, text = letter(desk, referral)
    assert "请贵单位依法审查处理" in text
    assert made["files"][0]["template_version"] == 1
    assert current(desk) == {"pdf": 1, "docx": 0}
    assert current(desk, officer("eea-320100", "administrator")) == {"pdf": 0, "docx": 0}


def test_a_word_template_is_used(desk: Desk):
    document = docx.Document(io.BytesIO(templates.packaged("transfer_letter", "docx")))
    paragraph = next(one for one in document.paragraphs if "请依法审查处理" in one.text)
    paragraph.runs[0].text = paragraph.runs[0].text.replace("请依法审查处理", "请贵单位依法审查处理")
    written = io.BytesIO()
    document.save(written)
    assert put(desk, written.getvalue(), format="docx").status_code == 200
    referral = journeys.approved_referral(desk)
    made = issue(desk, referral, "transfer_letter", fields=LETTER, format="both")
    assert [file["template_version"] for file in made["files"]] == [0, 1]
    printed = docx.Document(io.BytesIO(content(desk, OFFICER, referral, made["files"][1]["item"])))
    assert any("请贵单位依法审查处理" in one.text for one in printed.paragraphs)


def test_versions_are_listed_fetched_and_the_packaged_one_taken_again(desk: Desk):
    put(desk, CHANGED)
    assert put(desk, CHANGED).json()["version"] == 1, "the same bytes are the same version"
    assert put(desk, OURS.encode()).json()["version"] == 2
    assert desk.call(KEEPER, "GET", f"{ADDRESS}/pdf/1", room="referral").content == CHANGED
    assert desk.call(KEEPER, "GET", f"{ADDRESS}/pdf/0", room="referral").text == OURS
    restored = desk.post(KEEPER, f"{ADDRESS}/pdf/restore", {"reason": "改用统一样式"}, room="referral")
    assert (restored["version"], restored["is_packaged"]) == (3, True)
    assert desk.call(KEEPER, "GET", f"{ADDRESS}/pdf/3", room="referral").text == OURS
    listed = desk.get(KEEPER, ADDRESS, room="referral")["items"]
    shown = [(one["version"], one["is_packaged"], one["is_current"]) for one in listed if one["format"] == "pdf"]
    assert shown == [(0, True, True), (1, False, False), (2, False, False), (3, True, False)]
    made, text = letter(desk, journeys.approved_referral(desk))
    assert made["files"][0]["template_version"] == 0
    assert "请依法审查处理" in text
    refused = desk.post(KEEPER, f"{ADDRESS}/pdf/restore", {"reason": "x"}, room="referral", expect=409)
    assert refused["code"] == "step-refused"


def test_the_journal_holds_each_version_with_its_hash(desk: Desk):
    made = put(desk, CHANGED).json()
    desk.post(KEEPER, f"{ADDRESS}/pdf/restore", {"reason": "改用统一样式"}, room="referral")
    room = desk.rooms["referral"]
    with room.reading() as session:
        entries = timeline(session, f"template:{EEA}/transfer_letter/pdf")
        assert [entry.type for entry in entries] == ["template.replaced", "template.restored"]
        assert json.loads(entries[0].body)["data"]["sha256"] == made["sha256"]
        assert json.loads(entries[1].body)["data"]["reason"] == "改用统一样式"
        assert verify_room(session, room.subjects)[1] == []


@pytest.mark.parametrize(
    ("format", "body", "code", "line"),
    [
        ("pdf", f"{OURS}\n#let x = (1,\n".encode(), "template_error", OURS.count("\n") + 2),
        ("pdf", f'{OURS}#read("layout.typ")'.encode(), "forbidden", OURS.count("\n") + 1),
        ("pdf", OURS.replace('#f("contact")', "").encode(), "left_out", None),
        ("pdf", b"", "no_layout", 1),
        ("docx", b"", "not_a_template", None),
        ("pdf", b"\xff", "not_text", None),
        ("docx", b"PK\x03\x04", "not_a_template", None),
        ("docx", CHANGED, "not_a_template", None),
    ],
)
def test_a_malformed_template_is_refused_and_the_former_stays(
    desk: Desk, format: str, body: bytes, code: str, line: int | None
):
    put(desk, CHANGED)
    answer = put(desk, body, format=format)
    assert (answer.status_code, answer.json()["code"]) == (422, "body-invalid")
    error = answer.json()["errors"][0]
    assert (error["code"], error.get("line")) == (code, line)
    assert answer.json()["detail"].startswith("文书模板")
    assert current(desk) == {"pdf": 1, "docx": 0}
    assert "请贵单位依法审查处理" in letter(desk, journeys.approved_referral(desk))[1]


@pytest.mark.parametrize("who", [OFFICER, POLICE, officer(PSB, "administrator")], ids=lambda who: who.actor)
def test_templates_are_kept_by_the_administrator_of_an_agency_that_issues_the_kind(desk: Desk, who: Principal):
    assert put(desk, CHANGED, who).status_code == 403
    refused = desk.post(who, f"{ADDRESS}/pdf/restore", {"reason": "x"}, room="referral", expect=403)
    assert refused["code"] == "not-your-step"
    assert put(desk, CHANGED, None).status_code == 401


def test_another_agencys_template_is_not_shown(desk: Desk):
    put(desk, CHANGED)
    neighbour = officer("eea-320100", "administrator")
    assert desk.call(neighbour, "GET", f"{ADDRESS}/pdf/1", room="referral").status_code == 404
    assert all(one["version"] == 0 for one in desk.get(neighbour, ADDRESS, room="referral")["items"])


@pytest.mark.parametrize("address", ["/v1/documents/templates/poem", "/v1/documents/templates/poem/pdf/0"])
def test_a_kind_that_is_none(desk: Desk, address: str):
    answer = desk.call(KEEPER, "GET", address, room="referral")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_kind")


def test_a_draft_shows_the_agencys_own_template(desk: Desk):
    put(desk, CHANGED)
    referral = journeys.approved_referral(desk)
    address = f"/v1/referrals/{referral['id']}/documents/preview"
    answer = desk.call(OFFICER, "POST", address, json={"kind": "transfer_letter"})
    assert "请贵单位依法审查处理" in said(answer.content)
    assert len(PdfReader(io.BytesIO(answer.content)).pages) > 1
