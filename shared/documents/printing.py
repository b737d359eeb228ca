"""The one way to a document: a kind, what it states, a template, an instant."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from shared.clock import today
from shared.documents import apart, press, templates, word
from shared.documents.sheet import Heading, sheet
from shared.documents.stated import Stated, require, stated
from shared.documents.templates import Format
from shared.errors import BodyInvalid, Text
from shared.rules.document_kinds import DocumentKind

KEYS = frozenset({"agency", "number", "addressee", "copies", "issued_on", "fields"})


def render(
    kind: DocumentKind,
    data: Mapping[str, Any],
    *,
    at: datetime,
    format: Format = "pdf",
    template: bytes | None = None,
    fonts: Path | None = None,
    is_draft: bool = False,
) -> bytes:
    """Return the document that `data` describes: agency, number, addressee, copies, issued_on, fields (by id).

    Without a `template` of the agency the packaged one is used; `fonts` is a folder of licensed fonts; a PDF is the
    same to the byte for the same arguments. Raises BodyInvalid, and EvidenceMissing when a mandatory field is empty,
    unless it is a draft, which says so on every page.
    """
    if unknown := sorted(set(data) - KEYS):
        words = Text(f"未知的项：{'、'.join(unknown)}", f"Unknown: {', '.join(unknown)}")
        raise BodyInvalid(words, known=sorted(KEYS))
    heading = _heading(data, at)
    texts = stated(kind, data.get("fields", {}))
    if not is_draft:
        require(kind, texts)
    return printed(kind, heading, texts, at=at, format=format, template=template, fonts=fonts, is_draft=is_draft)


def printed(
    kind: DocumentKind,
    heading: Heading,
    texts: Mapping[str, Stated],
    *,
    at: datetime,
    format: Format = "pdf",
    template: bytes | None = None,
    fonts: Path | None = None,
    is_draft: bool = False,
) -> bytes:
    """Return a document of texts that were checked before. An agency's own template is printed apart."""
    content = sheet(kind, heading, texts, is_draft=is_draft)
    if template is not None:
        return apart.printed(format, template, [content], at=at, fonts=fonts)[0]
    ours = templates.packaged(kind.id, format)
    return press.pdf(ours.decode(), content, at=at, fonts=fonts) if format == "pdf" else word.docx(ours, content)


def _heading(data: Mapping[str, Any], at: datetime) -> Heading:
    copies = data.get("copies", ())
    named = {name: data.get(name, "") for name in ("agency", "number", "addressee")}
    if not isinstance(copies, list | tuple) or not all(isinstance(text, str) for text in (*copies, *named.values())):
        words = Text("agency、number、addressee、copies 应为文字", "agency, number, addressee and copies must be text")
        raise BodyInvalid(words)
    issued_on = data.get("issued_on") or today(at)
    try:
        day = date.fromisoformat(issued_on) if isinstance(issued_on, str) else issued_on
    except ValueError as broken:
        raise BodyInvalid(Text("issued_on 应为 YYYY-MM-DD", "issued_on must be YYYY-MM-DD")) from broken
    return Heading(named["agency"], day, named["number"], named["addressee"], tuple(copies))
