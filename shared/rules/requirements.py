"""Which documents a step must have with it, and what is still missing from those held."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.rules.entries import STRICT, Cite, Id, InForce, Text

Level = Literal["mandatory", "conditional", "optional", "recommended"]


@dataclass(frozen=True, slots=True)
class MetadataField:
    """Something a document must state. `stage` limits it to one stage, `condition` to cases where that holds."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    field: Id
    label_zh: Text
    label_en: Text
    stage: str | None = None
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """One document a referral needs, at which stage, and what it must state."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    cite: Cite
    level: Level
    stage: Id
    condition: str | None = None
    condition_zh: str = ""
    condition_en: str = ""
    metadata: tuple[MetadataField, ...] = ()
    internal: bool = False
    copies_to: tuple[str, ...] = ()
    rule: str = ""
    verified: Annotated[bool, Field(strict=True)] = True
    confidence: str = ""
    notes: str = ""
    quotation: str = ""


@dataclass(frozen=True, slots=True)
class RequirementSet:
    """The documents of one referral type."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    cite: Cite
    also: tuple[Cite, ...] = ()
    target_agency: str = ""
    documents: tuple[Requirement, ...] = ()
    in_force: InForce = field(default_factory=InForce)
    notes: str = ""

    def document(self, document_id: str) -> Requirement | None:
        return next((document for document in self.documents if document.id == document_id), None)


@dataclass(frozen=True, slots=True)
class Held:
    """A piece of evidence that is held as one of the required documents, with what it states."""

    document_id: str
    evidence_id: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing: a document, what it should state, or the knowledge whether it is needed at all.

    Only `blocking` gaps stop a step: mandatory documents, and conditional ones whose condition is known to hold;
    a document whose source was not verified is asked for and stops nothing.
    """

    document_id: str
    name_zh: str
    name_en: str
    kind: Literal["missing", "metadata", "condition_unknown"]
    level: Level
    cite: Cite
    fields: tuple[MetadataField, ...] = ()
    condition: str | None = None
    verified: bool = True

    @property
    def blocking(self) -> bool:
        is_needed = self.kind != "condition_unknown" and self.level in ("mandatory", "conditional")
        return is_needed and self.verified

    @property
    def zh(self) -> str:
        labels = "、".join(field.label_zh for field in self.fields)
        return {
            "missing": f"缺少{self.name_zh}",
            "metadata": f"{self.name_zh}未载明:{labels}",
            "condition_unknown": f"未说明是否需要{self.name_zh}",
        }[self.kind]

    @property
    def en(self) -> str:
        labels = ", ".join(field.label_en for field in self.fields)
        return {
            "missing": f"missing: {self.name_en}",
            "metadata": f"{self.name_en} does not state: {labels}",
            "condition_unknown": f"not stated whether this is needed: {self.name_en}",
        }[self.kind]


def missing(
    requirement_set: RequirementSet,
    held: Sequence[Held],
    *,
    conditions: Mapping[str, bool],
    stage: str | None = None,
) -> tuple[Gap, ...]:
    """Gaps between the documents of one stage (None: all stages) and those held, in the order of the law.

    `conditions` says which conditions are known to hold; a condition not in it is unknown and blocks nothing.
    """
    wanted = (document for document in requirement_set.documents if stage in (None, document.stage))
    return tuple(gap for document in wanted for gap in _gaps(document, held, conditions, stage))


def _gaps(
    document: Requirement, held: Sequence[Held], conditions: Mapping[str, bool], stage: str | None
) -> Iterator[Gap]:
    pieces = [piece for piece in held if piece.document_id == document.id]
    if pieces:
        lacking = _least_lacking(document, pieces, conditions, stage)
        if lacking:
            yield _gap(document, "metadata", lacking)
        return
    if document.level == "optional":
        return
    if document.level == "conditional":
        holds = conditions.get(document.condition or "")
        if holds is None:
            yield _gap(document, "condition_unknown")
        elif holds:
            yield _gap(document, "missing")
        return
    yield _gap(document, "missing")


def _least_lacking(
    document: Requirement, pieces: Sequence[Held], conditions: Mapping[str, bool], stage: str | None
) -> tuple[MetadataField, ...]:
    asked = [
        wanted
        for wanted in document.metadata
        if (wanted.stage is None or wanted.stage == stage)
        and (wanted.condition is None or conditions.get(wanted.condition) is True)
    ]
    lacking = [tuple(wanted for wanted in asked if _is_empty(piece.metadata.get(wanted.field))) for piece in pieces]
    return min(lacking, key=len)


def _is_empty(value: object) -> bool:
    return value is None or value == "" or value == [] or value == ()


def _gap(
    document: Requirement,
    kind: Literal["missing", "metadata", "condition_unknown"],
    fields: tuple[MetadataField, ...] = (),
) -> Gap:
    said = (document.id, document.name_zh, document.name_en, kind, document.level, document.cite)
    return Gap(*said, fields=fields, condition=document.condition, verified=document.verified)
