"""Which documents an agency may issue: by whom, to whom, under which article, and what each must state."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from shared.rules import catalogue as catalogues
from shared.rules.catalogue import Catalogue, NotInForce, UnknownEntry
from shared.rules.entries import STRICT, Cite, Id, InForce, Text
from shared.rules.loading import CatalogueError, Document, Placed, Trail, listed, validated, versions
from shared.rules.procedure_entries import Actor

FieldType = Literal["text", "lines", "rows", "day", "flag"]
RESERVED = frozenset(
    {"agency", "addressee", "copies", "number", "title", "day", "day_hanzi", "is_draft", "kind", "labels"}
)
"""Names every template has besides the fields of its kind."""
SOURCE = re.compile(
    r"subject\.[a-z_]+|agency\.[a-z_]+|maker|materials|annexed|facts|standards|evidence|lapsed_terms|officers"
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list; `width` is its share of the page, in relation to the other columns."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    label_zh: Text
    label_en: Text
    width: Annotated[int, Field(strict=True, ge=1, le=12)] = 2


@dataclass(frozen=True, slots=True)
class DocumentField:
    """One thing a document states.

    `text` is one text, `lines` several, `rows` a list with `columns`, `day` a date, `flag` a confirmation that must be
    given. Without a `mandatory` one the document is not issued: the article asks for it (law: `cite`, else that of the
    kind) or the text makes no sense without (form). `source` names what the desk knows of it; `none_zh` is what a list
    without rows states; `example` is what a template is tried with.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    label_zh: Text
    label_en: Text
    type: FieldType
    example: Any
    mandatory: Literal["law", "form"] | None = None
    source: str = ""
    columns: tuple[Column, ...] = ()
    none_zh: str = ""
    cite: Cite | None = None


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of official document: its name is its title, `symbol` stands in its number between place and year.

    `made_by` says which relation, kind of agency and roles may issue it; `addressee` and `copies` name the kinds of
    agency among those that take part; `satisfies` the required documents it is, whose metadata its fields state.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    cite: Cite
    symbol: Annotated[str, Field(pattern=r"^[\u4e00-\u9fff]{1,6}$")]
    made_by: Annotated[tuple[Actor, ...], Field(min_length=1)]
    fields: Annotated[tuple[DocumentField, ...], Field(min_length=1)]
    also: tuple[Cite, ...] = ()
    addressee: str = ""
    copies: tuple[str, ...] = ()
    satisfies: tuple[str, ...] = ()
    has_red_head: Annotated[bool, Field(strict=True)] = False
    in_force: InForce = field(default_factory=InForce)
    notes: str = ""

    def stated(self, field_id: str) -> DocumentField | None:
        """What is stated under that name, if the kind has it."""
        return next((wanted for wanted in self.fields if wanted.id == field_id), None)


@dataclass(frozen=True)
class DocumentKinds:
    """Every kind by id, its versions in order of date."""

    kinds: Mapping[str, tuple[DocumentKind, ...]]

    def kind(self, kind_id: str, on: date | None = None) -> DocumentKind:
        """The version of a kind in force on a day (None: the newest). UnknownEntry, NotInForce."""
        known = self.kinds.get(kind_id)
        if not known:
            raise UnknownEntry(f"没有文书种类 {kind_id} / no kind of document '{kind_id}'")
        for entry in known if on is not None else known[-1:]:
            if on is None or entry.in_force.holds(on):
                return entry
        raise NotInForce(f"{kind_id} 在 {on} 不适用 / '{kind_id}' is not in force on {on}")

    def on(self, day: date) -> tuple[DocumentKind, ...]:
        """Every kind in force on a day, in the order of the data."""
        return tuple(entry for known in self.kinds.values() for entry in known if entry.in_force.holds(day))


def load(folder: Path, law: Catalogue) -> DocumentKinds:
    """Read and check `documents/*.yaml` under `folder`. CatalogueError names file and line, and what to do."""
    placed = list(_read(folder, law))
    symbols: dict[tuple[str, str], str] = {}
    for one in placed:
        _check_parties(one, law)
        _check_fields(one)
        _check_satisfied(one, law)
        _check_symbol(one, symbols)
    return DocumentKinds(MappingProxyType(versions(placed)))


@cache
def default() -> DocumentKinds:
    """The kinds of document that travel with the project."""
    return load(catalogues.DATA, catalogues.default())


def _read(folder: Path, law: Catalogue) -> Iterator[Placed[DocumentKind]]:
    adapter = TypeAdapter(DocumentKind)
    for document, path, raw in listed(folder, "documents/*.yaml", "document_kinds", DocumentKind):
        spelled = {key: _cited(document, (*path, key), value, law) for key, value in raw.items()}
        cite = raw.get("cite")
        if "in_force" not in raw and isinstance(cite, dict) and cite.get("instrument") in law.instruments:
            validity = law.instruments[cite["instrument"]].in_force
            spelled["in_force"] = {"from": validity.from_on, "to": validity.to_on}
        yield validated(document, path, spelled, DocumentKind, adapter)


def _cited(document: Document, path: Trail, raw: Any, law: Catalogue) -> Any:
    """Return what was read with each citation given the name of its instrument."""
    if isinstance(raw, list):
        return [_cited(document, (*path, index), item, law) for index, item in enumerate(raw)]
    if not isinstance(raw, dict):
        return raw
    if "instrument" not in raw:
        return {key: _cited(document, (*path, key), value, law) for key, value in raw.items()}
    known = law.instruments.get(raw["instrument"])
    if known is None:
        raise document.error(
            (*path, "instrument"),
            f"没有文件 {raw['instrument']}:在 instruments.yaml 登记或更正。",
            f"no instrument '{raw['instrument']}': add it to instruments.yaml or correct the id.",
        )
    return raw | {"name_zh": known.name_zh, "name_en": known.name_en}


def _check_parties(placed: Placed[DocumentKind], law: Catalogue) -> None:
    for name in ("addressee", "copies"):
        given = getattr(placed.entry, name)
        for kind in (given,) if isinstance(given, str) else given:
            if kind and kind not in law.agency_kinds:
                raise _unknown(placed, "agency kind", "机关种类", kind, name)
    for index, actor in enumerate(placed.entry.made_by):
        where = ("made_by", index)
        if actor.agency_kind is not None and actor.agency_kind not in law.agency_kinds:
            raise _unknown(placed, "agency kind", "机关种类", actor.agency_kind, *where)
        for role in actor.roles:
            if role not in law.roles:
                raise _unknown(placed, "role", "岗位", role, *where)


def _check_fields(placed: Placed[DocumentKind]) -> None:
    seen: set[str] = set()
    for index, wanted in enumerate(placed.entry.fields):
        where = ("fields", index)
        if wanted.id in seen:
            raise placed.error(f"字段 {wanted.id} 重复。", f"field '{wanted.id}' is listed twice.", *where)
        seen.add(wanted.id)
        if wanted.id in RESERVED:
            raise placed.error(
                f"{wanted.id} 是各文书共有的名称:另取一个。",
                f"'{wanted.id}' is a name every document has: choose another.",
                *where,
            )
        if (wanted.type == "rows") != bool(wanted.columns):
            raise placed.error(
                f"字段 {wanted.id}:rows 须列出 columns,其他类型不列。",
                f"field '{wanted.id}': columns belong to rows, and only there.",
                *where,
            )
        if wanted.source and not SOURCE.fullmatch(wanted.source):
            raise _unknown(placed, "source", "来源", wanted.source, *where)
        if not _fits(wanted):
            raise placed.error(
                f"字段 {wanted.id} 的 example 与类型 {wanted.type} 不符。",
                f"the example of field '{wanted.id}' does not fit its type {wanted.type}.",
                *where,
            )


def _fits(wanted: DocumentField) -> bool:
    example = wanted.example
    if wanted.type == "flag":
        return example is True
    if wanted.type == "day":
        return isinstance(example, date)
    if wanted.type == "text":
        return isinstance(example, str) and bool(example)
    if not isinstance(example, list) or not example:
        return False
    if wanted.type == "lines":
        return all(isinstance(line, str) and line for line in example)
    columns = {column.id for column in wanted.columns}
    return all(isinstance(row, dict) and set(row) <= columns for row in example)


def _check_satisfied(placed: Placed[DocumentKind], law: Catalogue) -> None:
    """A document that is to satisfy the law has a field, or a column, for everything the law wants it to state."""
    needed = [wanted for wanted in placed.entry.fields if wanted.mandatory == "law"]
    stated = {wanted.id for wanted in needed} | {column.id for wanted in needed for column in wanted.columns}
    for index, document_id in enumerate(placed.entry.satisfies):
        try:
            required = law.document(document_id)
        except UnknownEntry:
            raise _unknown(placed, "required document", "材料要求", document_id, "satisfies", index) from None
        for asked in required.metadata:
            if asked.stage is None and asked.condition is None and asked.field not in stated:
                raise placed.error(
                    f"{document_id} 须载明{asked.label_zh}:增加 mandatory 为 law 的字段 {asked.field}。",
                    f"{document_id} must state '{asked.label_en}': add a field '{asked.field}' with mandatory: law.",
                    "satisfies",
                    index,
                )


def _check_symbol(placed: Placed[DocumentKind], symbols: dict[tuple[str, str], str]) -> None:
    kind = placed.entry
    for actor in kind.made_by:
        owner = symbols.setdefault((actor.agency_kind or "", kind.symbol), kind.id)
        if owner != kind.id:
            raise placed.error(
                f"文号代字 {kind.symbol} 已用于 {owner}:另取一个。",
                f"the symbol '{kind.symbol}' is that of '{owner}': choose another.",
                "symbol",
            )


def _unknown(placed: Placed[DocumentKind], en: str, zh: str, given: str, *path: str | int) -> CatalogueError:
    return placed.error(f"没有{zh} {given}:请更正。", f"unknown {en} '{given}': correct it.", *path)
