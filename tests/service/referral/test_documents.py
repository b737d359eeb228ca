"""Issuing documents: filled, numbered, versioned, printed, kept by hash, made evidence; refused with the reason."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docx

from shared.records.verifying import verify_room
from tests import journeys
from tests.desk import Desk
from tests.journeys import OFFICER, POLICE
from tests.service.referral import walking
from tests.service.referral.issuing import ITEMS, LETTER, REPORT, content, entries, issue, said
from tests.service.referral.walking import path


class TestLetter:
    def test_it_is_filled_from_what_the_desk_knows(self, desk: Desk):
        referral = journeys.approved_referral(desk)
        desk.clock.advance(microseconds=123_456)
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
