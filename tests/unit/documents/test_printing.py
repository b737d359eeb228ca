"""Documents of every kind, as PDF and DOCX: readable, complete, the same every time; data stays data."""

import io
import re
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from pypdf import PdfReader

from shared.clock import ZONE
from shared.documents.printing import render
from shared.errors import BodyInvalid, EvidenceMissing
from tests.unit.documents.papers import AT, EVERY, KINDS, docx_text, examples, pdf_text, poppler_text, squeezed, texts

LETTER = KINDS.kind("transfer_letter")
HOSTILE = '#read("/etc/passwd") *粗* _斜_ $x^2$ <标签> @引用 {{ 7 * 7 }} {% for %} {_{ & <w:p/> // 注 \\ `码` ]]> "引"'


def wanted(kind_id: str) -> list[str]:
    """Everything the example of a kind must show: heading, day, and every text of its fields."""
    kind, given = KINDS.kind(kind_id), examples(KINDS.kind(kind_id))
    days = ["2026年9月3日", "二〇二六年九月三日"]
    shown = [kind.name_zh, given["number"], given["agency"], *given["copies"], *texts(given["fields"])]
    return [squeezed(text) for text in (*shown, given["addressee"])] + [days[kind.made_by[0].relation != "owner"]]


@pytest.mark.parametrize("kind_id", EVERY)
def test_a_pdf_says_everything_it_is_told(kind_id: str, tmp_path: Path):
    content = render(KINDS.kind(kind_id), examples(KINDS.kind(kind_id)), at=AT)
    for found in (pdf_text(content), poppler_text(content, tmp_path)):
        # page footers stand between two halves of a sentence that goes on
        said = None if found is None else re.sub(r"第\d+页共\d+页", "", found)
        assert said is None or [text for text in wanted(kind_id) if text not in said] == []


@pytest.mark.parametrize("kind_id", EVERY)
def test_the_fonts_of_a_pdf_are_embedded_and_its_pages_numbered(kind_id: str):
    reader: Any = PdfReader(io.BytesIO(render(KINDS.kind(kind_id), examples(KINDS.kind(kind_id)), at=AT)))
    for number, page in enumerate(reader.pages, start=1):
        assert f"第{number}页共{len(reader.pages)}页" in squeezed(page.extract_text())
        for font in page["/Resources"]["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor), descendant["/BaseFont"]
    assert "pdfaid" in reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()


@pytest.mark.parametrize("kind_id", EVERY)
def test_a_docx_says_everything_it_is_told(kind_id: str):
    content = render(KINDS.kind(kind_id), examples(KINDS.kind(kind_id)), at=AT, format="docx")
    said = docx_text(content)
    assert [text for text in wanted(kind_id) if text not in said] == []
    assert "{{" not in said
    assert "{%" not in said
    footer = docx.Document(io.BytesIO(content)).sections[0].footer
    codes = [node.text for node in footer._element.iter(qn("w:instrText"))]
    assert codes == ["PAGE", "NUMPAGES"]


def test_the_letter_holds_every_item_of_the_article():
    said = pdf_text(render(LETTER, examples(LETTER), at=AT))
    items = ["移送机关苏州市生态环境局", "涉嫌犯罪罪名污染环境罪", "主要依据《中华人民共和国刑法》第三百三十八条"]
    items += [
        "案件主办人：张甲、李乙",
        "联系方式：0512-00000000",
        "附件：移送材料清单",
        "（印章）",
        "抄送：苏州市人民检察院。",
    ]
    items += ["案件移送书回执", "序号材料名称种类份数1现场检查（勘察）笔录笔录1"]
    assert [item for item in items if item not in said] == []


def test_the_same_document_is_the_same_to_the_byte():
    first, again = (render(LETTER, examples(LETTER), at=AT) for _ in range(2))
    assert first == again
    assert render(LETTER, examples(LETTER), at=AT.astimezone(ZONE).replace(hour=16)) != first


def test_a_long_list_breaks_with_its_header_repeated():
    rows = [{"material": f"材料{number:03}", "category": "笔录", "copies_given": "1"} for number in range(1, 201)]
    given = examples(LETTER) | {"fields": examples(LETTER)["fields"] | {"materials": rows}}
    pages = PdfReader(io.BytesIO(render(LETTER, given, at=AT))).pages
    lists = [text for page in pages if "材料0" in (text := squeezed(page.extract_text())) or "材料1" in text]
    assert len(lists) > 5
    assert all("序号材料名称种类份数" in text for text in lists)
    said = "".join(lists)
    assert all(f"材料{number:03}" in said for number in range(1, 201))
    table: Any = docx.Document(io.BytesIO(render(LETTER, given, at=AT, format="docx"))).tables[0]
    assert len(table.rows) == 201
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert [cell.text for cell in table.rows[200].cells] == ["200", "材料200", "笔录", "1"]


def test_what_is_stated_is_never_run():
    fields = examples(LETTER)["fields"]
    rows = [{"material": HOSTILE, "category": HOSTILE, "copies_given": "1"}]
    given = examples(LETTER) | {"agency": HOSTILE, "copies": [HOSTILE]}
    given["fields"] = fields | {"case_title": HOSTILE, "facts": [HOSTILE], "materials": rows}
    expected = squeezed(HOSTILE)
    said = pdf_text(render(LETTER, given, at=AT))
    assert said.count(expected) >= 4
    assert "root:" not in said
    # docxtpl writes "{_{" as "{{"; neither is looked at again
    assert docx_text(render(LETTER, given, at=AT, format="docx")).count(expected.replace("{_{", "{{")) >= 4


@pytest.mark.parametrize("sign", ["\x07", "\x0b", "\x0c", "\x1b", "\x85", "\u202e", "\ufeff", "\uffff", "\ud800"])
def test_signs_that_cannot_be_printed_are_left_out(sign: str):
    given = examples(LETTER)
    given["fields"] |= {"contact": f"0512{sign}-000"}
    for content in (pdf_text(render(LETTER, given, at=AT)), docx_text(render(LETTER, given, at=AT, format="docx"))):
        assert "联系方式：0512-000" in content


def test_a_sign_no_font_has_is_refused_by_name():
    given = examples(LETTER)
    given["fields"] |= {"case_handlers": "𠮷田😀"}
    with pytest.raises(BodyInvalid, match="no font has these signs: 𠮷😀"):
        render(LETTER, given, at=AT)
    assert "𠮷田😀" in docx_text(render(LETTER, given, at=AT, format="docx"))


def test_long_runs_of_signs_stay_on_the_page():
    given = examples(LETTER)
    given["fields"] |= {"contact": "x" * 400}
    content = render(LETTER, given, at=AT)
    lines = [line for page in PdfReader(io.BytesIO(content)).pages for line in page.extract_text().splitlines()]
    assert max(len(line.replace("\u200b", "")) for line in lines if "xxxx" in line) < 100
    assert "x" * 400 in pdf_text(content)


@pytest.mark.parametrize("missing", [wanted.id for wanted in LETTER.fields if wanted.mandatory == "law"])
def test_without_what_the_article_asks_for_there_is_no_document(missing: str):
    given = examples(LETTER)
    del given["fields"][missing]
    with pytest.raises(EvidenceMissing) as refused:
        render(LETTER, given, at=AT)
    (named,) = refused.value.extra["missing"]
    assert named["field"] == missing
    assert named["cite_zh"] == "《环境保护行政执法与刑事司法衔接工作办法》第六条第(一)项"


def test_a_draft_says_so_and_what_is_still_open():
    given = {"agency": "苏州市生态环境局", "fields": {}}
    reader = PdfReader(io.BytesIO(render(LETTER, given, at=AT, is_draft=True)))
    assert all("草稿" in page.extract_text() for page in reader.pages)
    said = pdf_text(render(LETTER, given, at=AT, is_draft=True))
    assert "〔待填：案件主办人〕" in said
    assert "（文号待定）" in said
    assert "草稿" not in pdf_text(render(LETTER, examples(LETTER), at=AT))


def test_a_list_given_without_rows_says_that_there_is_nothing():
    kind = KINDS.kind("item_list")
    given = examples(kind) | {"fields": examples(kind)["fields"] | {"items": []}}
    assert "本案无已采取行政强制措施的涉案物品" in pdf_text(render(kind, given, at=AT))


def test_fonts_of_the_agency_are_taken_first(tmp_path: Path):
    from shared.documents import press

    (tmp_path / "song.otf").write_bytes((press.FONTS / "NotoSerifSC-Regular.otf").read_bytes())
    assert render(LETTER, examples(LETTER), at=AT, fonts=tmp_path).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fields": {"nothing": "x"}}, "what the document is to state"),
        ({"fields": {"contact": ["x"]}}, "what the document is to state"),
        ({"fields": {"facts": 5}}, "what the document is to state"),
        ({"fields": {"materials": [{"other": "x"}]}}, "what the document is to state"),
        ({"fields": {"materials": [{}] * 1001}}, "what the document is to state"),
        ({"fields": {"official_seal": "yes"}}, "what the document is to state"),
        ({"fields": {"contact": "x" * 4001}}, "what the document is to state"),
        ({"issued_on": "tomorrow"}, "YYYY-MM-DD"),
        ({"copies": "苏州市公安局"}, "must be text"),
        ({"agency": 1}, "must be text"),
        ({"seal": "x"}, "Unknown: seal"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], words: str):
    with pytest.raises(BodyInvalid, match=f"(?i){words}"):
        render(LETTER, examples(LETTER) | change, at=AT)
