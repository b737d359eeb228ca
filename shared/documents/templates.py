"""Templates: those that travel with the project, and the trial an agency's own must pass before it is used."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal

from docx import Document

from shared.documents import apart, press
from shared.documents.sheet import Heading, sheet
from shared.documents.stated import Stated, examples, stated
from shared.errors import BodyInvalid
from shared.rules.document_kinds import DocumentKind

Format = Literal["pdf", "docx"]
SUFFIX: Mapping[Format, str] = {"pdf": "typ", "docx": "docx"}
LIMIT_BYTES = 1024 * 1024
UNPACKED_LIMIT_BYTES = 16 * LIMIT_BYTES
IMPORT = re.compile(r'[ \t]*#import "layout\.typ": \*[ \t]*')
FORBIDDEN = re.compile(
    r"\b(?:import|include|eval|read|plugin|json|csv|yaml|toml|xml|cbor|image|bibliography|dictionary|std|sys)\b|@\w+/",
    re.ASCII,
)
"""What would read files, fetch packages or make code out of text."""
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
TRIAL_AT = datetime(2026, 1, 5, 1, tzinfo=UTC)
TRIAL_HEADING = Heading("示例市生态环境局", date(2026, 1, 5), "示例〔2026〕1号", "示例市公安局", ("示例市人民检察院",))


def packaged(kind_id: str, format: Format) -> bytes:
    """Return the template of a kind that travels with the project."""
    return (press.TEMPLATES / f"{kind_id}.{SUFFIX[format]}").read_bytes()


def tried(kind: DocumentKind, format: Format, content: bytes) -> None:
    """Try an agency's template with the examples of its kind: with every field, and with the mandatory ones alone.

    Raises BodyInvalid naming the line, or what is wrong; a template that leaves out what the article wants is refused.
    """
    if len(content) > LIMIT_BYTES:
        raise press.refused("文件超过 1 MB", "the file is larger than 1 MB", code="too_large")
    source = content if format == "docx" else _source(content).encode()
    errors = list(_unpacked_errors(content)) if format == "docx" else list(_line_errors(source.decode()))
    if errors:
        raise _all_of(errors)
    full = stated(kind, examples(kind))
    bare: dict[str, Stated] = {
        wanted.id: full[wanted.id] if wanted.mandatory else _nothing(wanted.type) for wanted in kind.fields
    }
    sheets = [sheet(kind, TRIAL_HEADING, texts, is_draft=False) for texts in (full, bare)]
    printed = apart.printed(format, source, sheets, at=TRIAL_AT, fonts=None)
    shown = _text_of(printed[0]) if format == "docx" else COMMENT.sub("", source.decode())
    left_out = [
        wanted for wanted in kind.fields if wanted.mandatory == "law" and not _shows(format, shown, wanted.id, full)
    ]
    if left_out:
        zh, en = "、".join(one.label_zh for one in left_out), ", ".join(one.label_en for one in left_out)
        raise press.refused(
            f"未载明：{zh}", f"it does not state: {en}", code="left_out", fields=[one.id for one in left_out]
        )


def _source(content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as broken:
        raise press.refused("不是 UTF-8 文本", "it is not UTF-8 text", code="not_text") from broken
    if "\x00" in text:
        raise press.refused("含有空字符", "it holds U+0000", code="not_text")
    return text


def _line_errors(source: str) -> Iterator[BodyInvalid]:
    """Yield a refusal for every line that reads or runs something, and one when the house style is not imported."""
    lines = source.splitlines()
    if not any(IMPORT.fullmatch(line) for line in lines):
        zh, en = '缺少 #import "layout.typ": *', 'the line #import "layout.typ": * is missing'
        yield press.refused(zh, en, code="no_layout", line=1)
    for number, line in enumerate(lines, start=1):
        found = FORBIDDEN.search(line) if not IMPORT.fullmatch(line) else None
        if found:
            zh = f"第 {number} 行：模板不得使用 {found[0]}"
            yield press.refused(zh, f"line {number}: a template may not use {found[0]}", code="forbidden", line=number)


def _unpacked_errors(content: bytes) -> Iterator[BodyInvalid]:
    """Yield a refusal for a .docx that carries programs, points outside, or unpacks to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED_LIMIT_BYTES:
                yield press.refused("解压后过大", "it unpacks to too much", code="too_large")
                return
            for name in packed.namelist():
                yield from _part_errors(name, packed.read(name))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError) as broken:
        raise press.refused("不是可用的 .docx 文件", "it is not a usable .docx file", code="not_a_template") from broken


def _part_errors(name: str, part: bytes) -> Iterator[BodyInvalid]:
    if name.lower().endswith((".bin", ".exe", ".dll", ".js", ".vbs")):
        yield press.refused(f"含有程序 {name}", f"it carries a program: {name}", code="forbidden")
    if name.endswith(".rels") and b'TargetMode="External"' in part:
        yield press.refused(f"{name} 引用外部文件", f"{name} points outside", code="forbidden")
    if b"<!DOCTYPE" in part[:4096] or b"<!ENTITY" in part:
        yield press.refused(f"{name} 含有实体声明", f"{name} declares entities", code="forbidden")


def _all_of(errors: list[BodyInvalid]) -> BodyInvalid:
    listed = [item for error in errors for item in error.extra["errors"]]
    return BodyInvalid(errors[0].detail, errors=listed[:20])


def _shows(format: Format, shown: str, field_id: str, full: Mapping[str, Stated]) -> bool:
    """Whether a template states a field: the .docx by its text, the other by the field's name in it."""
    value = full[field_id]
    if value == "是":
        return True
    if format == "pdf":
        return f'"{field_id}"' in shown or re.search(rf"\bd\.{field_id}\b", shown, re.ASCII) is not None
    return all(text in shown for text in _texts(value))


def _texts(value: Stated) -> Iterator[str]:
    for part in [value] if isinstance(value, str) else value:
        yield from [part] if isinstance(part, str) else part.values()


def _text_of(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    return "\n".join(str(node.text) for node in document.element.body.iter() if node.tag.endswith("}t") and node.text)


def _nothing(kind: str) -> Any:
    return [] if kind in ("lines", "rows") else ""
