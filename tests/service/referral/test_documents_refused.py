"""Documents that are not issued: another's, not of the form, not yet to be seen; drafts; what kinds there are."""

from typing import Any

import pytest

from services.referral_service.documents.filling import UNITS_ZH
from shared.identity import Principal
from shared.rules.predicates import UNITS
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import EEA, HEAD, OFFICER, POLICE, PROSECUTOR
from tests.service.referral.issuing import LETTER, issue, said
from tests.service.referral.walking import NOBODY, STRANGERS, path


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
