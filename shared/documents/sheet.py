"""A document before it is printed: everything a template reads, as texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.documents.dates import arabic, hanzi
from shared.documents.stated import Stated, clean
from shared.rules.document_kinds import DocumentField, DocumentKind

TO_BE_NUMBERED = "（文号待定）"


@dataclass(frozen=True, slots=True)
class Heading:
    """Who issues a document to whom, under which number and on which legal day."""

    agency: str
    issued_on: date
    number: str = ""
    addressee: str = ""
    copies: tuple[str, ...] = ()


def sheet(kind: DocumentKind, heading: Heading, texts: Mapping[str, Stated], *, is_draft: bool) -> dict[str, Any]:
    """Return what the templates read: the heading, the day in both writings, and every field by its id.

    A draft shows what is still to be filled in.
    """
    common: dict[str, Any] = {
        "kind": kind.id,
        "title": kind.name_zh,
        "agency": clean(heading.agency),
        "addressee": clean(heading.addressee),
        "copies": [clean(copied) for copied in heading.copies],
        "number": clean(heading.number) or (TO_BE_NUMBERED if is_draft else ""),
        "day": arabic(heading.issued_on),
        "day_hanzi": hanzi(heading.issued_on),
        "is_draft": is_draft,
        "labels": {wanted.id: wanted.label_zh for wanted in kind.fields},
    }
    filled = {
        wanted.id: _open(wanted) if is_draft and _is_open(wanted, texts) else texts[wanted.id] for wanted in kind.fields
    }
    return common | filled


def _is_open(wanted: DocumentField, texts: Mapping[str, Stated]) -> bool:
    return bool(wanted.mandatory) and not texts[wanted.id]


def _open(wanted: DocumentField) -> Stated:
    words = f"〔待填：{wanted.label_zh}〕"
    if wanted.type == "rows":
        return [{column.id: words if index == 0 else "" for index, column in enumerate(wanted.columns)}]
    return [words] if wanted.type == "lines" else words
