"""What a document is told to state: checked against its kind, cleaned, and written as texts."""

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from shared.documents.dates import arabic, moment
from shared.errors import BodyInvalid, EvidenceMissing, Text
from shared.rules.document_kinds import DocumentField, DocumentKind
from shared.rules.requirements import Requirement

Stated = str | list[str] | list[dict[str, str]]
TEXT_LIMIT = 4000
LINES_LIMIT = 400
ROWS_LIMIT = 1000
YES = "是"
NO_MATTER = "—"
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of writing: a document would read otherwise than its text."""


class _Wrong(ValueError):
    """A field's value does not fit: the words for the officer."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(en)


def stated(kind: DocumentKind, given: Mapping[str, Any]) -> dict[str, Stated]:
    """Return every field of a kind as texts, empty where nothing is given.

    `given` maps field ids to a text, a list of texts, a list of rows, a day (date or YYYY-MM-DD), an instant, or true.
    Raises BodyInvalid with every field that is unknown or does not fit.
    """
    errors = [_error(name, "unknown_field", _unknown(kind)) for name in given if kind.stated(name) is None]
    texts: dict[str, Stated] = {}
    for wanted in kind.fields:
        try:
            texts[wanted.id] = _text_of(wanted, given.get(wanted.id))
        except _Wrong as wrong:
            errors.append(_error(wanted.id, "does_not_fit", Text(f"{wanted.label_zh}{wrong.zh}", wrong.en)))
    if errors:
        raise BodyInvalid(Text("文书内容有误", "What the document is to state is wrong"), errors=errors)
    return texts


def lacking(kind: DocumentKind, texts: Mapping[str, Stated]) -> tuple[DocumentField, ...]:
    """Return the mandatory fields that are empty, in the order of the kind."""
    return tuple(wanted for wanted in kind.fields if wanted.mandatory and not texts[wanted.id])


def require(kind: DocumentKind, texts: Mapping[str, Stated]) -> None:
    """Raise EvidenceMissing naming each mandatory field that is empty, with its article."""
    missing = [_missing(kind, wanted) for wanted in lacking(kind, texts)]
    if missing:
        zh = "、".join(str(one["label_zh"]) for one in missing)
        en = ", ".join(str(one["label_en"]) for one in missing)
        words = Text(f"{kind.name_zh}未载明：{zh}", f"{kind.name_en} does not state: {en}")
        raise EvidenceMissing(words, missing=missing)


def details(required: Requirement, texts: Mapping[str, Stated]) -> dict[str, Any]:
    """Return what a required document states, by the names of its requirement."""
    found = {asked.field: _found(asked.field, texts) for asked in required.metadata}
    return {name: value for name, value in found.items() if value}


def examples(kind: DocumentKind) -> dict[str, Any]:
    """Return the examples of every field, as a template is tried with."""
    return {wanted.id: wanted.example for wanted in kind.fields}


def _missing(kind: DocumentKind, wanted: DocumentField) -> dict[str, str]:
    named = {"field": wanted.id, "label_zh": wanted.label_zh, "label_en": wanted.label_en}
    if wanted.mandatory != "law":
        return named
    cite = wanted.cite or kind.cite
    return named | {"cite_zh": cite.zh, "cite_en": cite.en}


def _found(name: str, texts: Mapping[str, Stated]) -> Any:
    """Return a field as evidence keeps it: a confirmation as true, lines as one text, a column as one text."""
    if name in texts:
        value = texts[name]
        if value == YES:
            return True
        return "\n".join(_row_text(line) for line in value) if isinstance(value, list) else value
    rows = [row for value in texts.values() if isinstance(value, list) for row in value if isinstance(row, dict)]
    return "、".join(row[name] for row in rows if row.get(name))


def _row_text(line: str | dict[str, str]) -> str:
    return line if isinstance(line, str) else " ".join(line.values())


def _text_of(wanted: DocumentField, value: Any) -> Stated:
    if wanted.type == "rows":
        return _rows(wanted, value)
    if wanted.type == "lines":
        return _lines(value)
    if wanted.type == "flag":
        if value not in (None, True, False):
            raise _Wrong("应为 true", "must be true")
        return YES if value else ""
    if value is None:
        return ""
    return _day(value) if wanted.type == "day" else _text(value)


def _rows(wanted: DocumentField, value: Any) -> list[dict[str, str]]:
    columns = [column.id for column in wanted.columns]
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > ROWS_LIMIT:
        raise _Wrong(f"应为至多 {ROWS_LIMIT} 行的列表", f"must be a list of at most {ROWS_LIMIT} rows")
    if not value and wanted.none_zh:
        return [dict.fromkeys(columns, NO_MATTER) | {columns[0]: wanted.none_zh}]
    rows = []
    for number, row in enumerate(value, start=1):
        if not isinstance(row, dict) or not set(row) <= set(columns):
            known = "、".join(columns)
            raise _Wrong(f"第 {number} 行只能有 {known}", f"row {number} may only have {', '.join(columns)}")
        rows.append({column: _text(row.get(column, "")) for column in columns})
    return rows


def _lines(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        value = value.split("\n")
    if not isinstance(value, list) or len(value) > LINES_LIMIT:
        raise _Wrong(f"应为至多 {LINES_LIMIT} 段文字", f"must be at most {LINES_LIMIT} paragraphs")
    return [line for item in value for part in _text(item).split("\n") if (line := part.strip())]


def _day(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)[: moment(value).index("日") + 1]
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError as broken:
            raise _Wrong("应为 YYYY-MM-DD 日期", "must be a date YYYY-MM-DD") from broken
    if not isinstance(value, date):
        raise _Wrong("应为 YYYY-MM-DD 日期", "must be a date YYYY-MM-DD")
    return arabic(value)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return arabic(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _Wrong("应为文字", "must be text")
    text = str(value)
    if len(text) > TEXT_LIMIT:
        raise _Wrong(f"超过 {TEXT_LIMIT} 字", f"is longer than {TEXT_LIMIT} characters")
    return clean(text)


def clean(text: str) -> str:
    """Return a text that both formats can carry: no control signs but line breaks, none that turn the writing."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(sign for sign in text if sign == "\n" or not _is_unprintable(sign)).strip()


def _is_unprintable(sign: str) -> bool:
    return sign in BIDI or unicodedata.category(sign) in ("Cc", "Cs", "Cn") or sign in "\ufeff\ufffe\uffff"


def _unknown(kind: DocumentKind) -> Text:
    known = "、".join(wanted.id for wanted in kind.fields)
    return Text(f"{kind.name_zh}没有此项，可填：{known}", f"{kind.name_en} has: {known}")


def _error(field: str, code: str, words: Text) -> dict[str, Any]:
    return {"field": f"fields.{field}", "code": code, "message": words}
