"""Templates an agency brings: tried before they are used, refused with the line and what is wrong; ours are fresh."""

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest

from scripts import make_templates
from shared.documents import templates
from shared.documents.printing import render
from shared.errors import BodyInvalid
from tests.unit.documents.papers import AT, EVERY, KINDS, docx_text, examples, pdf_text

LETTER = KINDS.kind("transfer_letter")
OURS = templates.packaged("transfer_letter", "pdf").decode()
LINES = OURS.count("\n") + 1
PACKED = templates.packaged("transfer_letter", "docx")


def refusal(format: templates.Format, content: bytes) -> dict[str, Any]:
    """The first error a template is refused with."""
    with pytest.raises(BodyInvalid) as caught:
        templates.tried(LETTER, format, content)
    assert caught.value.detail.zh
    return dict(caught.value.extra["errors"][0])


def changed(**parts: bytes) -> bytes:
    """The packaged .docx with parts replaced or added."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(PACKED)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, parts.pop(name, old.read(name)))
        for name, part in parts.items():
            new.writestr(name, part)
    return made.getvalue()


def part(name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(PACKED)) as packed:
        return packed.read(name)


def rewritten(old: str, new: str) -> bytes:
    """The packaged .docx with a text of its body replaced."""
    body = part("word/document.xml").decode()
    assert old in body
    return changed(**{"word/document.xml": body.replace(old, new).encode()})


def test_the_packaged_templates_are_as_their_wording_says():
    assert make_templates.main(["--check"]) == 0


@pytest.mark.parametrize("kind_id", EVERY)
def test_every_packaged_template_passes_its_own_trial(kind_id: str):
    formats: tuple[templates.Format, ...] = ("pdf", "docx")
    for format in formats:
        templates.tried(KINDS.kind(kind_id), format, templates.packaged(kind_id, format))


def test_an_agencys_template_is_used():
    own = OURS.replace("现将该案移送你单位", "现将本案依法移送贵局").encode()
    templates.tried(LETTER, "pdf", own)
    assert "现将本案依法移送贵局" in pdf_text(render(LETTER, examples(LETTER), at=AT, template=own))
    packed = rewritten("现将该案移送你单位", "现将本案依法移送贵局")
    templates.tried(LETTER, "docx", packed)
    assert "现将本案依法移送贵局" in docx_text(render(LETTER, examples(LETTER), at=AT, template=packed, format="docx"))


def test_an_agencys_template_runs_no_data_either():
    given = examples(LETTER)
    given["fields"] |= {"contact": '#read("layout.typ") *x* {{ 7 * 7 }}'}
    assert '#read("layout.typ")*x*{{7*7}}' in pdf_text(render(LETTER, given, at=AT, template=OURS.encode()))
    assert '#read("layout.typ")*x*{{7*7}}' in docx_text(render(LETTER, given, at=AT, template=PACKED, format="docx"))


@pytest.mark.parametrize(
    ("added", "code"),
    [
        ('#read("layout.typ")', "forbidden"),
        ('#import "@preview/cetz:0.3.0"', "forbidden"),
        ('#import "other.typ": *', "forbidden"),
        ('#include "other.typ"', "forbidden"),
        ('#eval("1")', "forbidden"),
        ("#std.read", "forbidden"),
        ('#image("x.png")', "forbidden"),
        ("#sys.inputs", "forbidden"),
        ("#{ let a = (1, }", "template_error"),
        ('#f("nothing")', "template_error"),
        ("#unknown-thing", "template_error"),
        ('#rows("materials", ("序号", "nothing", 1))', "template_error"),
        ("#panic[x]", "template_error"),
    ],
)
def test_a_line_that_is_wrong_is_named(added: str, code: str):
    error = refusal("pdf", f"{OURS}\n{added}\n".encode())
    assert (error["code"], error["line"]) == (code, LINES + 1)


@pytest.mark.parametrize(
    "hungry", ["#for i in range(100000000) { [x] }", "#{ let a = [x]; for i in range(60) { a = a + a }; a }"]
)
def test_a_template_that_takes_too_much_is_stopped(hungry: str):
    assert refusal("pdf", f"{OURS}\n{hungry}\n".encode())["code"] == "too_much"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe\x00", "not_text"),
        (b'#import "layout.typ": *\n\x00', "not_text"),
        (b"", "no_layout"),
        ("只有文字".encode(), "no_layout"),
        (b"x" * (1024 * 1024 + 1), "too_large"),
        (OURS.replace('#f("contact")', "").encode(), "left_out"),
        (OURS.replace('#f("contact")', '/* f("contact") */').encode(), "left_out"),
        (OURS.replace('#rows("materials"', '#let y = ("a"').encode(), "left_out"),
    ],
)
def test_what_is_no_template_of_a_letter_is_refused(content: bytes, code: str):
    assert refusal("pdf", content)["code"] == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_a_template"),
        (b"PK\x03\x04" + b"x" * 50, "not_a_template"),
        (changed(**{"word/vbaProject.bin": b"x"}), "forbidden"),
        (
            changed(
                **{
                    "word/document.xml": b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>"
                    + part("word/document.xml")
                }
            ),
            "forbidden",
        ),
        (changed(**{"word/_rels/settings.xml.rels": b'<R TargetMode="External"/>'}), "forbidden"),
        (changed(**{"word/media/big.txt": b"0" * (17 * 1024 * 1024)}), "too_large"),
        (changed(**{"word/document.xml": b"<w:document/>"}), "not_a_template"),
        (rewritten("{{ contact }}", "{{ nothing }}"), "template_error"),
        (rewritten("{{ contact }}", "{{ contact"), "template_error"),
        (rewritten("{%p for line in main_basis %}", "{%p for line in %}"), "template_error"),
        (rewritten("{{ contact }}", "{{ contact.__class__.__mro__ }}"), "template_error"),
        (rewritten("{{ contact }}", "{{ lipsum(5) }}"), "left_out"),
        (rewritten("{{ contact }}", ""), "left_out"),
        (
            rewritten(
                "{{ contact }}", "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
            ),
            "too_much",
        ),
    ],
)
def test_a_docx_that_is_wrong_is_refused(content: bytes, code: str):
    assert refusal("docx", content)["code"] == code


def test_the_packaged_docx_is_what_an_officer_can_edit(tmp_path: Path):
    document = docx.Document(io.BytesIO(PACKED))
    said = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "案件主办人：{{ case_handlers }}" in said
    title = next(paragraph for paragraph in document.paragraphs if paragraph.text == "{{ title }}")
    assert title.runs[0].font.name == "方正小标宋简体"
    assert title.runs[0].font.size is not None
    assert title.runs[0].font.size.pt == 22
    assert document.styles["Normal"].font.name == "仿宋_GB2312"
    assert document.styles["Normal"].paragraph_format.line_spacing.pt == 28
