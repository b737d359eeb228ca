"""Kinds of evidence: those of the law, what each must state, and nothing enforced that was not verified."""

from datetime import datetime

import pytest

from shared.rules.calendar import SHANGHAI
from shared.rules.catalogue import default
from shared.rules.evidence_kinds import ill_stated, implied, lacking, retention_of

LAW = default()
KINDS = LAW.evidence_kinds
NOW = datetime(2026, 9, 7, 9, 0, tzinfo=SHANGHAI)
# 行政处罚法第四十六条, items (一) to (八)
OF_46 = {
    "documentary": "第四十六条第(一)项",
    "physical": "第四十六条第(二)项",
    "audio_visual": "第四十六条第(三)项",
    "electronic_data": "第四十六条第(四)项",
    "witness_statement": "第四十六条第(五)项",
    "party_statement": "第四十六条第(六)项",
    "expert_opinion": "第四十六条第(七)项",
    "inspection_record": "第四十六条第(八)项",
}


def test_every_kind_of_the_penalty_act_is_there_with_its_item():
    assert {name: KINDS[name].cite.article for name in OF_46} == OF_46
    assert {KINDS[name].cite.instrument for name in OF_46} == {"penalty_act"}
    assert {"monitoring_report", "determination", "case_paper"} == set(KINDS) - set(OF_46)


def test_what_rests_on_law_is_quoted_and_what_is_agreed_is_not_called_law():
    for kind in KINDS.values():
        assert kind.quotation or not kind.verified, kind.id
        for one in kind.fields:
            if one.basis == "law":
                assert one.cite is not None
                assert one.cite.instrument in LAW.instruments
                assert one.quotation or not one.verified, (kind.id, one.field)
            else:
                assert one.cite is None


def test_nothing_unverified_is_enforced():
    unverified = [one for kind in KINDS.values() for one in kind.fields if not one.verified]
    assert {one.field for one in unverified} >= {"start_end_time", "place", "officers"}
    assert not any(one.is_enforced for one in unverified)
    assert lacking(KINDS["inspection_record"].fields, {}) == ()


MUST_STATE = {
    "audio_visual": ["fact_to_prove", "photographer", "taken_at", "taken_place"],
    "electronic_data": ["source", "method", "made_at", "maker"],
    "physical": ["quantity", "unit", "features", "storage_place", "taken_by", "taken_at", "taken_place"],
    "determination": ["unit_name", "cause", "reasons", "conclusion", "official_seal"],
    "witness_statement": ["stated_by", "taken_by", "taken_at", "taken_place"],
    "party_statement": ["stated_by", "taken_by", "taken_at", "taken_place"],
    "expert_opinion": ["institution", "issued_at"],
    "documentary": [],
    "monitoring_report": [],
    "case_paper": [],
}


@pytest.mark.parametrize(("kind", "fields"), MUST_STATE.items())
def test_what_each_kind_must_state(kind, fields):
    assert [one.field for one in lacking(KINDS[kind].fields, {})] == fields
    assert [one.field for one in lacking(KINDS[kind].fields, dict.fromkeys(fields, " "))] == fields


def test_a_copy_says_where_it_is_from():
    fields = KINDS["documentary"].fields
    assert [one.field for one in lacking(fields, {"is_copy": True})] == ["source", "same_as_original_note"]
    assert lacking(fields, {"is_copy": False}) == ()


def test_a_sound_recording_has_its_transcript():
    stated = {"fact_to_prove": "x", "photographer": "x", "taken_at": "2026-09-01", "taken_place": "x", "is_sound": True}
    assert [one.field for one in lacking(KINDS["audio_visual"].fields, stated)] == ["transcript"]


@pytest.mark.parametrize("moment", ["2026-09-01", "2026-09-07", "2026-09-01T10:00:00+08:00", "2026-09-07T00:59:00Z"])
def test_moments_that_have_passed(moment):
    assert ill_stated(KINDS["audio_visual"].fields, {"taken_at": moment}, now=NOW) == ()


@pytest.mark.parametrize(
    "moment", ["昨天", "2026-09-01T10:00:00", "2026-13-01", 20260901, ["2026-09-01"], "2026-09-08", "2027-01-01T00:00Z"]
)
def test_moments_that_are_none_or_lie_ahead(moment):
    (problem,) = ill_stated(KINDS["audio_visual"].fields, {"taken_at": moment}, now=NOW)
    assert problem.field == "taken_at"


def test_a_flag_is_yes_or_no_and_a_number_a_number():
    assert [one.field for one in ill_stated(KINDS["documentary"].fields, {"is_copy": "yes"}, now=NOW)] == ["is_copy"]
    for value in ("26", True, -1):
        assert [one.field for one in ill_stated(KINDS["physical"].fields, {"quantity": value}, now=NOW)] == ["quantity"]


def test_documents_are_of_a_kind_by_themselves():
    wanted = {"crim_photos_av": "audio_visual", "crim_records": "inspection_record", "crim_hw_opinion": "determination"}
    for document, kind in wanted.items():
        assert LAW.document(document)
        found = implied(KINDS, document)
        assert found is not None
        assert found.id == kind
    other = implied(KINDS, "crim_other")
    assert other is not None
    assert other.id == "case_paper"


class TestRetention:
    def test_no_class_states_a_number_the_texts_do_not(self):
        assert all(one.years is None for one in LAW.retention.values())
        assert {one.id for one in LAW.retention.values() if one.basis == "agreement"} == {"clue_material"}
        assert "非法定" in LAW.retention["clue_material"].name_zh
        assert "not law" in LAW.retention["clue_material"].name_en

    @pytest.mark.parametrize(
        ("kind", "subject", "expected"),
        [
            ("case_paper", "case", "case_file"),
            ("case_paper", "referral", "referred_evidence"),
            ("case_paper", "clue", "clue_material"),
            ("physical", "case", "exhibit"),
            ("physical", "referral", "exhibit"),
        ],
    )
    def test_the_class_follows_the_kind_then_the_subject(self, kind, subject, expected):
        found = retention_of(LAW.retention, KINDS[kind], subject)
        assert found is not None
        assert found.id == expected


def test_an_exhibits_life_is_complete():
    acts = LAW.exhibit_acts
    assert set(acts) == {"taken", "sealed", "unsealed", "moved", "handed_over", "returned", "destroyed"}
    assert {act.to_state for act in acts.values()} == {"kept", "handed_over", "returned", "destroyed"}
    for name in ("returned", "destroyed"):
        assert not any(acts[name].to_state in act.from_states for act in acts.values())
    assert [one.field for one in lacking(acts["destroyed"].fields, {})] == ["order_number", "reason", "witnesses"]
    assert (acts["sealed"].seal, acts["unsealed"].seal) == ("unsealed", "sealed")
