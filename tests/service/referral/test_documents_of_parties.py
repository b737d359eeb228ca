"""What the police and the procuratorate issue, and what passes on the way: seen by those it is addressed to."""

from typing import Any

import pytest

from tests import journeys
from tests.desk import Desk
from tests.journeys import OFFICER, POLICE, PROSECUTOR
from tests.service.referral import walking
from tests.service.referral.issuing import ITEMS, content, issue, said
from tests.service.referral.walking import path

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


class TestOtherProcedures:
    def test_a_supervision_is_suggested_by_its_letter(self, desk: Desk):
        body = {"procedure": "filing_supervision", "title": "示例公司倾倒危险废物案", "summary": "不予立案不当"}
        body |= {"division": "320500"}
        opened = desk.post(
            OFFICER, "/v1/supervisions", body | {"stated": {"filing_situation": "not_filed"}}, expect=201
        )
        address = f"/v1/supervisions/{opened['id']}"
        desk.attach(OFFICER, address, "sup_case_materials", b"materials")
        given = {"kind": "supervision_suggestion", "fields": {"grounds": "理由与证据不符"}}
        made = desk.post(OFFICER, f"{address}/documents", given, expect=201)
        listed = {item["id"]: item for item in desk.get(OFFICER, f"{address}/evidence")["items"]}
        assert listed[made["files"][0]["item"]]["document"] == "sup_letter"
        answer = desk.call(OFFICER, "GET", f"/v1/documents/{made['id']}/files/pdf", room="referral")
        text = said(answer.content)
        assert "苏州市人民检察院：我局已将“示例公司倾倒危险废物案”移送苏州市公安局" in text
        assert [one["id"] for one in desk.get(OFFICER, f"{address}/documents")["items"]] == [made["id"]]

    def test_the_list_of_a_detention_referral_is_the_one_its_measures_ask_for(self, desk: Desk):
        body = {"procedure": "police_detention_referral", "title": "示例公司逃避监管排放案", "summary": "暗管排放"}
        opened = desk.post(OFFICER, "/v1/referrals", body | {"division": "320500"}, expect=201)
        desk.attach(OFFICER, path(opened), "det_penalty", b"decision")
        letter = issue(desk, opened, "detention_letter", fields={"main_basis": "第一千一百零八条", "party": "示例公司"})
        materials = issue(desk, opened, "materials_list")
        listed = {item["id"]: item for item in desk.get(OFFICER, f"{path(opened)}/evidence")["items"]}
        assert listed[letter["files"][0]["item"]]["document"] == "det_letter"
        assert listed[materials["files"][0]["item"]]["document"] == "det_list"
        text = said(content(desk, OFFICER, opened, letter["files"][0]["item"]))
        assert "尚不构成犯罪，依法需要移送公安机关处以行政拘留" in text
