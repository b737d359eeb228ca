"""Write a packaged template for Word and WPS: the wording as a .docx whose placeholders docxtpl fills."""

import io
import re
from collections.abc import Callable
from typing import Any

import docx
from docx.document import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from scripts.template_typst import signed_with
from shared.rules.document_kinds import DocumentField, DocumentKind

Block = dict[str, Any]
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
FANG, SONG, HEI, BIAO = "仿宋_GB2312", "宋体", "黑体", "方正小标宋简体"
RED, GREY = RGBColor(0xD7, 0x00, 0x0F), RGBColor(0x77, 0x77, 0x77)
BODY, SMALL = Pt(16), Pt(12)
LINE, TABLE_LINE = Pt(28), Pt(18)
TEXT_WIDTH = Mm(156)
BALLAST = ("/thumbnail", "/stylesWithEffects", "/customXml")


def page(kind: DocumentKind, blocks: list[Block]) -> bytes:
    """Return the template's bytes."""
    document = docx.Document()
    _style(document, kind)
    _footer(document)
    _head(document, kind)
    _paragraph(document, "{%p if addressee %}")
    _paragraph(document, "{{ addressee }}：")
    _paragraph(document, "{%p endif %}")
    _write(document, kind, blocks, signed_with(blocks))
    _without_ballast(document)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _without_ballast(document: Document) -> None:
    """Leave out what the library's own template carries and nobody needs: a thumbnail, styles for old versions."""
    for carrier in (document.part.package.rels, document.part.rels):
        for key in [key for key, one in carrier.items() if one.reltype.endswith(BALLAST)]:
            del carrier[key]


def _style(document: Document, kind: DocumentKind) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    normal: Any = document.styles["Normal"]
    _font(normal, FANG, BODY)
    normal.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    normal.paragraph_format.line_spacing = LINE
    normal.paragraph_format.space_before = normal.paragraph_format.space_after = Pt(0)
    document.core_properties.title = kind.name_zh
    document.core_properties.author = "{{ agency }}"
    document.core_properties.comments = ""


def _font(carrier: Any, name: str, size: Pt) -> None:
    """Set a font for Chinese and Latin signs alike."""
    carrier.font.name, carrier.font.size = name, size
    carrier.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


def _footer(document: Document) -> None:
    paragraph = document.sections[0].footer.paragraphs[0]
    paragraph.alignment = ALIGN.CENTER
    for text, field in (("第", "PAGE"), ("页 共", "NUMPAGES"), ("页", "")):
        _font(paragraph.add_run(text), SONG, Pt(14))
        if field:
            _field_code(paragraph.add_run(), field)


def _field_code(run: Run, code: str) -> None:
    _font(run, SONG, Pt(14))
    for kind in ("begin", code, "end"):
        if kind == code:
            part = _element("w:instrText", **{"xml:space": "preserve"})
            part.text = code
        else:
            part = _element("w:fldChar", **{"w:fldCharType": kind})
        run._r.append(part)


def _head(document: Document, kind: DocumentKind) -> None:
    name = _paragraph(document, "{{ agency }}", font=BIAO, size=Pt(32 if kind.has_red_head else 18), align=ALIGN.CENTER)
    name.paragraph_format.line_spacing = Pt(48 if kind.has_red_head else 30)
    if kind.has_red_head:
        name.runs[0].font.color.rgb = RED
        number = _paragraph(document, "{{ number }}", align=ALIGN.CENTER)
        number.paragraph_format.space_before = Pt(14)
        _border(number, "bottom", size=16, colour="D7000F")
    title = _paragraph(document, "{{ title }}", font=BIAO, size=Pt(22), align=ALIGN.CENTER)
    title.paragraph_format.line_spacing = Pt(36)
    title.paragraph_format.space_before = Pt(18 if kind.has_red_head else 4)
    if not kind.has_red_head:
        _paragraph(document, "{{ number }}", size=Pt(14), align=ALIGN.RIGHT)
    _paragraph(document, "{%p if is_draft %}")
    _paragraph(document, "（草稿）", font=HEI, align=ALIGN.CENTER)
    _paragraph(document, "{%p endif %}")


def _write(document: Document, kind: DocumentKind, blocks: list[Block], last: frozenset[int]) -> None:
    for block in blocks:
        name = next(iter(block))
        if name == "when":
            _paragraph(document, f"{{%p if {block['when']} %}}")
            _write(document, kind, block["blocks"], last)
            _paragraph(document, "{%p endif %}")
        else:
            WRITERS[name](document, kind, block[name])
            if id(block) in last and name in ("text", "bare", "attached"):
                document.paragraphs[-1].paragraph_format.keep_with_next = True


def _text(document: Document, _kind: DocumentKind, value: str) -> None:
    _paragraph(document, _prose(value), indent=True)


def _bare(document: Document, _kind: DocumentKind, value: str) -> None:
    _paragraph(document, _prose(value))


def _heading(document: Document, _kind: DocumentKind, value: str) -> None:
    _paragraph(document, _prose(value), font=HEI, indent=True).paragraph_format.keep_with_next = True


def _lines(document: Document, _kind: DocumentKind, value: str) -> None:
    _paragraph(document, f"{{%p for line in {value} %}}")
    _paragraph(document, "{{ line }}", indent=True)
    _paragraph(document, "{%p endfor %}")


def _rows(document: Document, kind: DocumentKind, value: str) -> None:
    columns = _field(kind, value).columns
    table = _table(document, [1] + [column.width for column in columns], rows=4)
    _cells(table, 0, ["序号", *(column.label_zh for column in columns)], font=HEI)
    _row_property(table, 0, "w:tblHeader")
    _cells(table, 1, [f"{{%tr for row in {value} %}}"])
    _cells(table, 2, ["{{ loop.index }}", *(f"{{{{ row.{column.id} }}}}" for column in columns)])
    _row_property(table, 2, "w:cantSplit")
    _cells(table, 3, ["{%tr endfor %}"])


def _pairs(document: Document, kind: DocumentKind, value: list[str]) -> None:
    table = _table(document, [2, 7], rows=len(value))
    for index, name in enumerate(value):
        _cells(table, index, [_field(kind, name).label_zh, f"{{{{ {name} }}}}"], font=HEI, only_first=True)
        _row_property(table, index, "w:cantSplit")


def _attached(document: Document, _kind: DocumentKind, value: str) -> None:
    _paragraph(document, f"附件：{value}", indent=True)


def _sign(document: Document, _kind: DocumentKind, value: str) -> None:
    day = "{{ day_hanzi }}" if value == "hanzi" else "{{ day }}"
    for index, text in enumerate(("{{ agency }}", "（印章）", day)):
        paragraph = _paragraph(document, text, align=ALIGN.CENTER)
        paragraph.paragraph_format.left_indent = Mm(70)
        paragraph.paragraph_format.space_before = Pt(0 if index else 28)
        paragraph.paragraph_format.keep_with_next = index < 2
        if index == 1:
            paragraph.runs[0].font.color.rgb = GREY


def _copied(document: Document, _kind: DocumentKind, _value: bool) -> None:
    _paragraph(document, "{%p if copies %}")
    paragraph = _paragraph(document, "抄送：{{ copies | join('，') }}。", size=Pt(14))
    paragraph.paragraph_format.space_before = Pt(28)
    _border(paragraph, "top", size=6)
    _border(paragraph, "bottom", size=6)
    _paragraph(document, "{%p endif %}")


def _annex(document: Document, _kind: DocumentKind, value: str) -> None:
    title = _paragraph(document, value, font=BIAO, size=Pt(18), align=ALIGN.CENTER)
    title.paragraph_format.page_break_before = True
    title.paragraph_format.line_spacing = Pt(32)
    title.paragraph_format.keep_with_next = True


def _hand(document: Document, _kind: DocumentKind, value: str) -> None:
    _paragraph(document, value).paragraph_format.space_before = Pt(14)


WRITERS: dict[str, Callable[..., None]] = {
    "text": _text,
    "bare": _bare,
    "heading": _heading,
    "lines": _lines,
    "rows": _rows,
    "pairs": _pairs,
    "attached": _attached,
    "sign": _sign,
    "copied": _copied,
    "annex": _annex,
    "hand": _hand,
}


def _paragraph(
    carrier: Document | _Cell,
    text: str,
    *,
    font: str = FANG,
    size: Pt = BODY,
    align: ALIGN | None = None,
    indent: bool = False,
) -> Paragraph:
    paragraph = carrier.add_paragraph()
    _font(paragraph.add_run(text), font, size)
    paragraph.alignment = ALIGN.JUSTIFY if align is None and indent else align
    if indent:
        indented = paragraph._p.get_or_add_pPr().get_or_add_ind()
        indented.set(qn("w:firstLineChars"), "200")
        indented.set(qn("w:firstLine"), "640")
    return paragraph


def _table(document: Document, shares: list[int], *, rows: int) -> Table:
    table: Table = document.add_table(rows=rows, cols=len(shares))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    for column, share in zip(table.columns, shares, strict=True):
        width = int(TEXT_WIDTH * share / sum(shares))
        column.width = width
        for cell in column.cells:
            cell.width = width
    return table


def _cells(table: Table, row: int, texts: list[str], *, font: str = FANG, only_first: bool = False) -> None:
    for index, text in enumerate(texts):
        paragraph = table.cell(row, index).paragraphs[0]
        is_label = font == HEI and (index == 0 or not only_first)
        _font(paragraph.add_run(text), HEI if is_label else FANG, SMALL)
        paragraph.paragraph_format.line_spacing = TABLE_LINE
        paragraph.alignment = ALIGN.CENTER if is_label or index == 0 else ALIGN.LEFT


def _row_property(table: Table, row: int, name: str) -> None:
    table.rows[row]._tr.get_or_add_trPr().append(_element(name))


def _border(paragraph: Paragraph, side: str, *, size: int, colour: str = "000000") -> None:
    properties = paragraph._p.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = _element("w:pBdr")
        properties.insert_element_before(
            borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:rPr"
        )
    line = {"w:val": "single", "w:sz": str(size), "w:space": "1", "w:color": colour}
    borders.append(_element(f"w:{side}", **line))


def _element(tag: str, **attributes: str) -> BaseOxmlElement:
    made = OxmlElement(tag)
    for name, value in attributes.items():
        made.set(qn(name), value)
    return made


def _prose(text: str) -> str:
    return PLACEHOLDER.sub(r"{{ \1 }}", text)


def _field(kind: DocumentKind, field_id: str) -> DocumentField:
    found = kind.stated(field_id)
    if found is None:
        raise ValueError(f"{kind.id} has no field {field_id}")
    return found
