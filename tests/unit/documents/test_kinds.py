"""The kinds of document: each one of the law, complete, and each authoring mistake refused with file and line."""

from datetime import date
from pathlib import Path

import pytest

from shared.rules import catalogue, document_kinds
from shared.rules.catalogue import CatalogueError, NotInForce, UnknownEntry
from tests.unit.documents.papers import KINDS

LAW = catalogue.default()
ASKED_FOR = {
    "transfer_letter": "crim_transfer_letter",
    "materials_list": "crim_materials_list",
    "investigation_report": "crim_investigation_report",
    "item_list": "crim_item_list",
    "reconsideration_request": "rec_application",
    "supervision_suggestion": "sup_letter",
    "item_handover_list": "crim_post_filing_items",
}
SOUND = """document_kinds:
  - id: letter
    name_zh: 函
    name_en: Letter
    cite: {instrument: xianjie_2017, article: 第六条}
    symbol: 函
    made_by:
      - {relation: owner, agency_kind: ecological_environment_authority, roles: [case_officer]}
    satisfies: [rec_application]
    fields:
      - {id: grounds, label_zh: 理由, label_en: grounds, type: lines, mandatory: law, example: [一]}
      - id: items
        label_zh: 物品
        label_en: items
        type: rows
        columns:
          - {id: name, label_zh: 名称, label_en: name}
        example: [{name: 桶}]
"""


def loaded(folder: Path, text: str) -> document_kinds.DocumentKinds:
    (folder / "documents").mkdir()
    (folder / "documents" / "trial.yaml").write_text(text, encoding="utf-8")
    return document_kinds.load(folder, LAW)


def test_there_is_a_kind_for_every_document_the_desk_makes():
    assert len(KINDS.kinds) >= 20
    for kind_id, document_id in ASKED_FOR.items():
        assert document_id in KINDS.kind(kind_id).satisfies
    makers = {actor.relation for kind in KINDS.on(date(2026, 9, 3)) for actor in kind.made_by}
    assert makers >= {"owner", "receiver", "copied"}


def test_every_kind_stands_on_an_article_that_was_read():
    for kind in KINDS.on(date(2026, 9, 3)):
        for cite in (kind.cite, *kind.also):
            assert LAW.instruments[cite.instrument].confidence in ("full_text", "full_text_single_source"), kind.id
            assert cite.article


def test_kinds_are_looked_up_by_day():
    assert KINDS.kind("transfer_letter", date(2026, 9, 3)).name_zh == "涉嫌环境犯罪案件移送书"
    with pytest.raises(NotInForce):
        KINDS.kind("transfer_letter", date(2017, 1, 1))
    with pytest.raises(UnknownEntry):
        KINDS.kind("poem")


def test_the_sound_kind_loads(tmp_path: Path):
    kind = loaded(tmp_path, SOUND).kind("letter")
    assert kind.cite.zh == "《环境保护行政执法与刑事司法衔接工作办法》第六条"
    assert kind.in_force.from_on == date(2017, 1, 25)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("xianjie_2017", "xianjie_2071", 5, "no instrument 'xianjie_2071'"),
        ("[case_officer]", "[king]", 8, "unknown role 'king'"),
        ("ecological_environment_authority", "choir", 8, "unknown agency kind 'choir'"),
        ("satisfies:", "copies: [choir]\n    satisfies:", 9, "unknown agency kind 'choir'"),
        ("[rec_application]", "[poem]", 9, "unknown required document 'poem'"),
        ("[rec_application]", "[crim_item_list]", 9, "must state 'name': add a field 'item_name'"),
        ("id: grounds", "id: number", 11, "'number' is a name every document has"),
        ("id: grounds", "id: items", 12, "field 'items' is listed twice"),
        ("example: [一]", "example: 一", 11, "the example of field 'grounds' does not fit"),
        ("type: lines", "type: rows", 11, "columns belong to rows"),
        ("mandatory: law", "mandatory: yes", 11, "has a value nobody knows"),
        ("mandatory: law", "source: subject", 11, "unknown source 'subject'"),
        ("[{name: 桶}]", "[{size: 1}]", 12, "the example of field 'items' does not fit"),
        ("symbol: 函", "symbol: X1", 6, "'symbol' does not fit"),
        ("name_en: Letter", "name_e: Letter", 4, "unknown key 'name_e'"),
    ],
)
def test_a_mistake_is_refused(old: str, new: str, line: int, says: str, tmp_path: Path):
    assert old in SOUND
    with pytest.raises(CatalogueError) as caught:
        loaded(tmp_path, SOUND.replace(old, new, 1))
    assert str(caught.value).startswith(f"documents/trial.yaml:{line}:"), str(caught.value)
    assert says in str(caught.value)


def test_two_kinds_of_one_maker_have_two_symbols(tmp_path: Path):
    twin = SOUND.replace("document_kinds:\n", "").replace("id: letter", "id: letter_two")
    with pytest.raises(CatalogueError, match="the symbol '函' is that of 'letter'"):
        loaded(tmp_path, SOUND + twin)
