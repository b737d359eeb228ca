"""Issuing documents: filled, numbered, versioned, printed, kept by hash, made evidence; refused with the reason."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docx
import pytest
from pypdf import PdfReader

from services.referral_service.documents.filling import UNITS_ZH
from shared.identity import Principal
from shared.records.journal import verify_room
from shared.rules.predicates import UNITS
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import EEA, HEAD, OFFICER, POLICE, PROSECUTOR
from tests.service.referral import walking
from tests.service.referral.walking import NOBODY, STRANGERS, path

LETTER = {"contact": "0512-00000000", "official_seal": True}
ITEMS = {"item_name": "废液桶", "quantity": "26只", "features": "蓝色，200升", "storage_place": "示例暂存库"}
REPORT = {
    "case_source": "模型线索",
    "discovery": "现场检查查获",
    "proposal": ["移送公安机关", "依据国务院令第310号第三条"],
}


def issue(desk: Desk, referral: Any, kind: str, who: Principal = OFFICER, *, expect: int = 201, **body: Any) -> Any:
    """Issue a document about a referral."""
    return desk.post(who, path(referral, "documents"), {"kind": kind} | body, expect=expect)


def content(desk: Desk, who: Principal, referral: Any, item: str) -> bytes:
    """Open an item through the evidence route."""
    answer = desk.call(who, "GET", f"{path(referral)}/evidence/{item}/content")
    assert answer.status_code == 200, answer.text
    return answer.content


def said(content: bytes) -> str:
    """The text of a PDF, without blanks."""
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def entries(desk: Desk, referral: Any, kind: str) -> list[Any]:
    """The data of a referral's journal entries of a type."""
    listed = desk.get(OFFICER, f"{path(referral)}/journal", params={"limit": 200})["items"]
    return [json.loads(entry["body"])["data"] for entry in listed if entry["type"] == kind]


class TestLetter:
    def test_it_is_filled_from_what_the_desk_knows(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        made = issue(desk, referral, "transfer_letter", fields=LETTER)
        assert (made["number"], made["version"], made["state"]) == ("苏州环移〔2026〕1号", 1, "current")
        text = said(content(desk, OFFICER, referral, made["files"][0]["item"]))
        items = [
            "移送机关苏州市生态环境局",
            "涉嫌犯罪罪名污染环境罪",
            "案件主办人：张甲、李乙",
            "联系方式：0512-00000000",
        ]
        items += [
            "苏州市公安局：",
            "抄送：苏州市人民检察院。",
            "危险废物数量：5.2吨。",
            "行为方式：倾倒。",
            "是否违法实施：是。",
        ]
        items += [
            "第一条第(二)项：非法排放倾倒处置危险废物三吨以上",
            "移送材料清单",
            "案件移送书回执",
            "2026年9月7日",
            "苏州环移〔2026〕1号",
        ]
        assert [item for item in items if item not in text] == []
        assert "专案组" not in text, "internal papers do not travel"

    def test_the_completeness_check_is_satisfied_by_what_the_desk_prints(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        for document in ("crim_records", "crim_photos_av"):
            desk.attach(OFFICER, path(referral), document, b"x", **journeys.DOCUMENTS[document])
        refused = walking.refusal(desk, OFFICER, path(referral, "send"), {"letter_number": "1"})
        assert refused == (409, "evidence-missing")
        issue(desk, referral, "item_list", fields={"items": [ITEMS], "source_materials_attached": True})
        issue(desk, referral, "investigation_report", fields=REPORT)
        issue(desk, referral, "materials_list")
        letter = issue(desk, referral, "transfer_letter", fields=LETTER, format="both")
        sent = desk.post(OFFICER, path(referral, "send"), {"letter_number": letter["number"]})
        assert sent["state"] == "handed_over"
        desk.drain()
        theirs = desk.get(POLICE, path(referral, "documents"))["items"]
        assert [one["kind"] for one in theirs] == [
            "item_list",
            "investigation_report",
            "materials_list",
            "transfer_letter",
        ]
        assert said(content(desk, POLICE, referral, letter["files"][0]["item"]))

    def test_a_word_file_comes_beside_it(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        made = issue(desk, referral, "transfer_letter", fields=LETTER, format="both")
        assert [file["format"] for file in made["files"]] == ["pdf", "docx"]
        document = docx.Document(io.BytesIO(content(desk, OFFICER, referral, made["files"][1]["item"])))
        text = "\n".join(paragraph.text for paragraph in document.paragraphs)
        assert "案件主办人：张甲、李乙" in text
        assert made["files"][1]["media_type"].endswith("wordprocessingml.document")

    def test_without_what_the_article_asks_for_it_is_refused(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        refused = issue(desk, referral, "transfer_letter", expect=409)
        assert refused["code"] == "evidence-missing"
        assert [one["field"] for one in refused["missing"]] == ["contact", "official_seal"]
        assert {one["cite"] for one in refused["missing"]} == {
            "《环境保护行政执法与刑事司法衔接工作办法》第六条第(一)项"
        }
        assert desk.get(OFFICER, path(referral, "documents"))["items"] == []
        assert entries(desk, referral, "document.issued") == []

    def test_a_list_names_a_document_once_and_evidence_is_no_paperwork(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        issue(desk, referral, "item_list", format="both", fields={"items": [], "source_materials_attached": True})
        listed = issue(desk, referral, "materials_list")
        assert said(content(desk, OFFICER, referral, listed["files"][0]["item"])).count("涉案物品清单（") == 1
        report = issue(desk, referral, "investigation_report", fields=REPORT)
        text = said(content(desk, OFFICER, referral, report["files"][0]["item"]))
        assert "crim_records" in text
        assert "涉案物品清单" not in text

    def test_the_journal_holds_number_version_and_hash(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        made = issue(desk, referral, "transfer_letter", fields=LETTER)
        (entry,) = entries(desk, referral, "document.issued")
        assert (entry["number"], entry["version"]) == (made["number"], 1)
        assert entry["files"][0]["sha256"] == made["files"][0]["sha256"]
        assert entries(desk, referral, "evidence.added")[-1]["sha256"] == made["files"][0]["sha256"]
        with desk.rooms["referral"].reading() as session:
            count, broken = verify_room(session, desk.rooms["referral"].subjects)
        assert count
        assert broken == []

    def test_evidence_says_what_the_requirement_wants(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        made = issue(desk, referral, "transfer_letter", fields=LETTER)
        listed = {item["id"]: item for item in desk.get(OFFICER, f"{path(referral)}/evidence")["items"]}
        item = listed[made["files"][0]["item"]]
        assert item["document"] == "crim_transfer_letter"
        assert item["name"] == "涉嫌环境犯罪案件移送书（苏州环移〔2026〕1号）.pdf"
        assert item["details"]["official_seal"] is True
        assert item["details"]["case_handlers"] == "张甲、李乙"
        assert set(item["details"]) == {*journeys.LETTER, "number"}


class TestNumbers:
    def test_they_follow_one_another_by_kind_and_year(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        numbers = [issue(desk, referral, "transfer_letter", fields=LETTER)["number"] for _ in range(3)]
        assert numbers == [f"苏州环移〔2026〕{order}号" for order in (1, 2, 3)]
        assert issue(desk, referral, "materials_list")["number"] == "苏州环移清〔2026〕1号"
        desk.clock.advance(days=130)
        assert issue(desk, referral, "materials_list")["number"] == "苏州环移清〔2027〕1号"

    def test_a_number_may_be_stated_but_only_once(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        made = issue(desk, referral, "transfer_letter", fields=LETTER, number="苏环移字第7号")
        assert made["number"] == "苏环移字第7号"
        refused = issue(desk, referral, "transfer_letter", fields=LETTER, number="苏环移字第7号", expect=422)
        assert refused["errors"][0]["code"] == "taken"
        assert issue(desk, referral, "transfer_letter", fields=LETTER)["number"] == "苏州环移〔2026〕1号"

    def test_a_gap_is_explained(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        given: dict[str, Any] = {"fields": LETTER, "number": "苏州环移〔2026〕3号"}
        refused = issue(desk, referral, "transfer_letter", **given, expect=422)
        assert refused["errors"][0]["field"] == "number_reason"
        issue(desk, referral, "transfer_letter", **given, number_reason="1、2号已用于纸质文书")
        assert issue(desk, referral, "transfer_letter", fields=LETTER)["number"] == "苏州环移〔2026〕4号"
        issue(desk, referral, "transfer_letter", fields=LETTER, number="苏州环移〔2026〕2号")
        listed = desk.get(OFFICER, "/v1/documents/numbers", params={"kind": "transfer_letter"}, room="referral")
        register = [(one["ordinal"], one["document"] is None, one["reason"]) for one in listed["items"]]
        assert register == [
            (1, True, "1、2号已用于纸质文书"),
            (2, False, ""),
            (3, False, "1、2号已用于纸质文书"),
            (4, False, ""),
        ]

    def test_a_crowd_gets_one_number_each(self, desk: Desk):
        referral = journeys.approved_referral(desk)

        def one(_: int) -> Any:
            return desk.call(OFFICER, "POST", path(referral, "documents"), json={"kind": "materials_list"})

        with ThreadPoolExecutor(8) as crowd:
            answers = list(crowd.map(one, range(16)))
        assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
        made = [answer.json() for answer in answers]
        assert sorted(one["version"] for one in made) == list(range(1, 17))
        assert {one["number"] for one in made} == {f"苏州环移清〔2026〕{order}号" for order in range(1, 17)}

    def test_a_repeated_request_is_answered_once(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        headers = {"idempotency-key": "once"}
        body = {"kind": "materials_list"}
        first, again = (
            desk.post(OFFICER, path(referral, "documents"), body, expect=201, headers=headers) for _ in range(2)
        )
        assert first == again
        assert len(desk.get(OFFICER, path(referral, "documents"))["items"]) == 1


class TestVersions:
    def test_the_older_one_is_kept_and_no_longer_counts(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        first = issue(desk, referral, "transfer_letter", fields=LETTER)
        second = issue(desk, referral, "transfer_letter", fields=LETTER | {"contact": "0512-11111111"})
        listed = desk.get(OFFICER, path(referral, "documents"))["items"]
        assert [(one["version"], one["state"]) for one in listed] == [(1, "superseded"), (2, "current")]
        states = {item["id"]: item["state"] for item in desk.get(OFFICER, f"{path(referral)}/evidence")["items"]}
        assert states[first["files"][0]["item"]] == "withdrawn"
        assert states[second["files"][0]["item"]] == "held"
        assert entries(desk, referral, "document.issued")[1]["supersedes"] == first["id"]
        for made, contact in ((first, "0512-00000000"), (second, "0512-11111111")):
            answer = desk.call(OFFICER, "GET", f"/v1/documents/{made['id']}/files/pdf", room="referral")
            assert contact in said(answer.content)
        custody = desk.get(OFFICER, f"{path(referral)}/evidence/{first['files'][0]['item']}/custody")["items"]
        assert [act["act"] for act in custody] == ["added", "withdrawn", "opened"]

    def test_what_was_handed_over_stays_as_it_was(self, desk: Desk):
        sent = journeys.sent_referral(desk)
        first = issue(desk, sent, "supplement_letter", fields={"requested": "图", "results": "已补"})
        desk.post(OFFICER, path(sent, "supply"), {"note": "补充"})
        issue(desk, sent, "supplement_letter", fields={"requested": "图", "results": "再补"})
        states = {item["id"]: item["state"] for item in desk.get(POLICE, f"{path(sent)}/evidence")["items"]}
        assert states[first["files"][0]["item"]] == "held"

    def test_changed_bytes_are_noticed(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        made = issue(desk, referral, "materials_list")
        sha256 = made["files"][0]["sha256"]
        file = desk.rooms["referral"].blobs.folder / sha256[:2] / sha256[2:4] / sha256
        file.chmod(0o600)
        file.write_bytes(file.read_bytes()[:-1] + b"?")
        answer = desk.call(OFFICER, "GET", f"/v1/documents/{made['id']}/files/pdf", room="referral")
        assert (answer.status_code, answer.json()["code"]) == (409, "evidence-mismatch")
        assert entries(desk, referral, "evidence.mismatch")[0]["sha256"] == sha256


POLICE_DOCUMENTS: dict[str, dict[str, Any]] = {
    "acceptance_receipt": {},
    "correction_notice": {"missing_materials": ["现场勘验图"]},
    "supplement_request": {"outline": "补充查明去向"},
    "return_notice": {"reasons": "不属公安管辖"},
    "forwarding_notice": {"forwarded_to": "南京市公安局"},
}


class TestPolice:
    @pytest.mark.parametrize("kind", POLICE_DOCUMENTS)
    def test_what_the_police_issue_the_bureau_reads(self, desk: Desk, kind: str):
        referral = journeys.receipted_referral(desk)
        made = issue(desk, referral, kind, POLICE, fields=POLICE_DOCUMENTS[kind])
        assert made["agency"] == "psb-320500"
        assert made["number"].startswith("苏州公")
        for who in (OFFICER, POLICE, PROSECUTOR):
            text = said(content(desk, who, referral, made["files"][0]["item"]))
            assert "苏州市生态环境局：" in text
            assert "二〇二六年九月七日" in text
        listed = {item["id"]: item for item in desk.get(OFFICER, f"{path(referral)}/evidence")["items"]}
        assert listed[made["files"][0]["item"]]["added_by"].startswith("psb-320500/")

    def test_the_receipt_carries_the_digest_of_the_manifest(self, desk: Desk):
        referral = journeys.receipted_referral(desk)
        made = issue(desk, referral, "acceptance_receipt", POLICE)
        text = said(content(desk, OFFICER, referral, made["files"][0]["item"]))
        assert referral["sent_manifest"] in text
        assert "2026年9月7日12时" in text

    def test_decisions_are_told_with_their_reasons(self, desk: Desk):
        referral = walking.not_filed(desk)
        notice = issue(desk, referral, "non_filing_notice", POLICE)
        text = said(content(desk, OFFICER, referral, notice["files"][0]["item"]))
        assert "不予立案的理由证据不足" in text
        assert "抄送：苏州市人民检察院。" in text

    def test_reconsideration_and_supervision_go_their_way(self, desk: Desk):
        referral = walking.not_filed(desk)
        issue(desk, referral, "non_filing_notice", POLICE)
        asked = issue(desk, referral, "reconsideration_request", fields={"grounds": "证据充分"})
        at = desk.clock.now.isoformat()
        desk.attach(OFFICER, path(referral), "rec_non_filing_notice", b"notice", received_at=at)
        desk.post(OFFICER, path(referral, "request-reconsideration"), {"grounds": "证据充分"})
        desk.drain()
        assert "2026年9月9日接到通知书" in said(content(desk, POLICE, referral, asked["files"][0]["item"]))
        walking.decided(desk, referral, "decline-filing", reasons="维持")
        decided = {"decision": "维持不予立案决定", "reasons": "证据不足"}
        issue(desk, referral, "reconsideration_decision", POLICE, fields=decided)
        suggestion = issue(desk, referral, "supervision_suggestion", fields={"grounds": "理由与证据不符"})
        desk.attach(OFFICER, path(referral), "sup_case_materials", b"materials")
        desk.post(OFFICER, path(referral, "suggest-supervision"), {"grounds": "理由与证据不符"})
        text = said(content(desk, PROSECUTOR, referral, suggestion["files"][0]["item"]))
        assert "苏州市人民检察院：" in text
        assert "移送苏州市公安局，对该机关的处理有异议" in text
        order = {"legal_basis": "刑诉规则", "reasons": "证据充分"}
        assert issue(desk, referral, "filing_order", PROSECUTOR, fields=order)["number"] == "苏州检通立〔2026〕1号"

    def test_items_are_handed_over_with_their_list(self, desk: Desk):
        referral = walking.filed(desk)
        fields = {"items": [ITEMS], "handover_record": "当场清点", "handed_at": "2026年9月10日10时"}
        made = issue(desk, referral, "item_handover_list", fields=fields)
        handed = desk.post(OFFICER, path(referral, "hand-over-items"), {"handed_at": desk.clock.now.isoformat()})
        assert handed["state"] == "items_handed_over"
        assert "废液桶" in said(content(desk, POLICE, referral, made["files"][0]["item"]))

    def test_minutes_are_for_everybody_who_met(self, desk: Desk):
        referral = journeys.receipted_referral(desk)
        fields = {"held_at": "2026年9月8日14时", "place": "示例会议室", "chair": "赵戊", "resolutions": "共同补查"}
        fields |= {"attendees": [{"attending_agency": "苏州市公安局", "person": "陈丁", "post": "支队长"}]}  # type: ignore[dict-item]
        for who, number in ((OFFICER, "苏州联纪〔2026〕1号"), (PROSECUTOR, "苏州联纪〔2026〕1号")):
            assert issue(desk, referral, "conference_minutes", who, fields=fields)["number"] == number


class TestRefused:
    @pytest.mark.parametrize("who", STRANGERS, ids=lambda who: who.agency)
    def test_another_agency_sees_nothing(self, desk: Desk, who: Principal):
        referral = journeys.receipted_referral(desk)
        made = issue(desk, referral, "materials_list")
        issue(desk, referral, "materials_list", who, expect=404)
        desk.post(who, path(referral, "documents/preview"), {"kind": "materials_list"}, expect=404)
        assert desk.call(who, "GET", path(referral, "documents")).status_code == 404
        answer = desk.call(who, "GET", f"/v1/documents/{made['id']}/files/pdf", room="referral")
        assert answer.status_code == 404

    @pytest.mark.parametrize(
        ("who", "kind"),
        [
            (NOBODY, "transfer_letter"),
            (officer(EEA, "duty_officer"), "investigation_report"),
            (POLICE, "transfer_letter"),
            (OFFICER, "acceptance_receipt"),
            (PROSECUTOR, "correction_notice"),
            (POLICE, "filing_order"),
        ],
        ids=lambda part: part if isinstance(part, str) else part.actor,
    )
    def test_what_is_anothers_to_issue(self, desk: Desk, who: Principal, kind: str):
        referral = journeys.receipted_referral(desk)
        for step in ("documents", "documents/preview"):
            refused = desk.post(who, path(referral, step), {"kind": kind}, expect=403)
            assert refused["code"] == "not-your-step"
            assert refused["made_by"]

    def test_what_is_not_handed_over_yet_is_not_theirs_to_see(self, desk: Desk):
        referral = journeys.receipted_referral(desk)
        made = issue(desk, referral, "supplement_letter", fields={"requested": "图", "results": "已补"})
        assert desk.get(POLICE, path(referral, "documents"))["items"] == []
        answer = desk.call(POLICE, "GET", f"/v1/documents/{made['id']}/files/pdf", room="referral")
        assert answer.status_code == 404

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"kind": "poem"}, "kind"),
            ({"kind": "transfer_letter", "fields": {"poem": "x"}}, "fields.poem"),
            ({"kind": "transfer_letter", "fields": {"materials": "x"}}, "fields.materials"),
            ({"kind": "transfer_letter", "fields": {"materials": [{"x": 1}]}}, "fields.materials"),
            ({"kind": "transfer_letter", "fields": LETTER, "issued_on": "2026-09-08"}, "issued_on"),
            ({"kind": "transfer_letter", "fields": LETTER | {"contact": "😀"}}, "fields"),
        ],
    )
    def test_what_does_not_fit_is_named(self, desk: Desk, body: dict[str, Any], field: str):
        referral = journeys.approved_referral(desk)
        refused = desk.post(OFFICER, path(referral, "documents"), body, expect=422)
        assert refused["errors"][0]["field"] == field
        assert refused["detail"]
        assert desk.get(OFFICER, path(referral, "documents"))["items"] == []

    @pytest.mark.parametrize(
        "body",
        [
            {"kind": "T"},
            {"kind": "transfer_letter", "format": "odt"},
            {"kind": "transfer_letter", "number": "a/b"},
            {"kind": "transfer_letter", "number": "a\x00b"},
            {"kind": "transfer_letter", "fields": {"contact": "\x00"}},
            {"kind": "transfer_letter", "fields": {"contact": 10**30}},
            {"kind": "transfer_letter", "seal": 1},
        ],
    )
    def test_bodies_nobody_honest_sends(self, desk: Desk, body: dict[str, Any]):
        referral = journeys.approved_referral(desk)
        assert desk.post(OFFICER, path(referral, "documents"), body, expect=422)["code"] == "body-invalid"

    def test_a_stale_hand_is_told(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        headers = {"if-match": '"1"'}
        answer = desk.call(
            OFFICER, "POST", path(referral, "documents"), json={"kind": "materials_list"}, headers=headers
        )
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition-failed")


class TestPreview:
    def test_a_draft_is_looked_at_and_nothing_is_kept(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        before = desk.get(OFFICER, path(referral))
        answer = desk.call(OFFICER, "POST", path(referral, "documents/preview"), json={"kind": "transfer_letter"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        text = said(answer.content)
        assert "草稿" in text
        assert "〔待填：联系方式〕" in text
        assert "张甲、李乙" in text
        assert desk.get(OFFICER, path(referral)) == before
        assert desk.get(OFFICER, path(referral, "documents"))["items"] == []

    def test_the_head_may_look_too(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        answer = desk.call(HEAD, "POST", path(referral, "documents/preview"), json={"kind": "investigation_report"})
        assert answer.status_code == 200


def test_the_kinds_are_listed_with_their_articles(desk: Desk):
    listed = desk.get(OFFICER, "/v1/documents/kinds", room="referral")["items"]
    letter = next(kind for kind in listed if kind["id"] == "transfer_letter")
    assert letter["cite_zh"] == "《环境保护行政执法与刑事司法衔接工作办法》第六条第(一)项"
    assert {field["id"] for field in letter["fields"] if field["mandatory"] == "law"} >= set(journeys.LETTER)
    assert desk.call(None, "GET", "/v1/documents/kinds", room="referral").status_code == 401


def test_every_unit_has_a_chinese_name():
    assert set(UNITS_ZH) == set(UNITS)
