"""Is a transfer standard met, not met, or not yet known, and by which facts: three-valued, with citations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.rules.entries import STRICT, Cite, FactField, Id, InForce, Text
from shared.rules.predicates import (
    MANUAL_JUDGEMENT,
    Fact,
    FactUse,
    Finding,
    Leaf,
    Note,
    Outcome,
    Predicate,
    all_of,
    judge,
    values_of,
)

if TYPE_CHECKING:
    from shared.rules.catalogue import Catalogue

__all__ = ["Fact", "FactUse", "Leaf", "Note", "Outcome", "Predicate", "Standard", "Verdict", "evaluate", "evaluate_all"]

Category = Literal[
    "criminal",
    "detention",
    "public_security",
    "market_regulation",
    "procuratorate",
    "duty_crime",
    "government",
    "jurisdiction",
    "general",
]
StandardKind = Literal["ground", "precondition", "constraint", "notification", "aggravating_circumstance", "definition"]


@dataclass(frozen=True, slots=True)
class Standard:
    """A transfer standard: which facts, under which article, send a matter to which kind of agency."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    cite: Cite
    target_agency: Text
    category: Category
    offence_or_matter: Text
    predicate: Predicate
    kind: StandardKind = "ground"
    verified: Annotated[bool, Field(strict=True)] = True
    confidence: str = ""
    machine_checkable: Annotated[bool, Field(strict=True)] = True
    screening: Leaf | None = None
    severity_tier: str = ""
    measure: str = ""
    detention_days: str = ""
    persons: str = ""
    in_force: InForce = field(default_factory=InForce)
    in_force_note: str = ""
    superseded_by: str | None = None
    field_definition: str = ""
    also_to: str = ""
    also_basis: str = ""
    shared_with: str = ""
    referring_agency: str = ""
    refusal_basis: str = ""
    refusal_situations: tuple[str, ...] = ()
    method_definitions: str = ""
    overdue_rule: str = ""
    text_identical_in: tuple[str, ...] = ()
    notes: str = ""
    quotation: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one standard: the outcome, the facts it rests on, those it lacks, and what to beware of.

    `screening` is the outcome of the looser reading, where the law leaves two; `enforceable` False means it may be
    shown but must not drive an automatic step: the text was not verified, or seen in one source only.
    """

    standard_id: str
    outcome: Outcome
    facts_used: tuple[FactUse, ...]
    facts_lacking: tuple[str, ...]
    cite: Cite
    verified: bool
    warnings: tuple[Note, ...]
    screening: Outcome | None
    offence_or_matter: str
    severity_tier: str
    reasons: tuple[Note, ...]
    target_agency: str = ""
    category: str = ""
    kind: str = "ground"
    enforceable: bool = True


def evaluate(
    standard: Standard, facts: Mapping[str, Fact], *, fields: Mapping[str, FactField] | None = None
) -> Verdict:
    """The verdict of one standard on the facts known. `fields` declares units and types (None: the packaged ones)."""
    declared = _declared() if fields is None else fields
    finding = judge(standard.predicate, facts, declared)
    if not standard.machine_checkable:
        finding = all_of([_judgement(standard, facts), _without_judgement(finding)])
    screening = judge(_screened(standard), facts, declared).outcome if standard.screening else None
    return Verdict(
        standard_id=standard.id,
        outcome=finding.outcome,
        facts_used=finding.used,
        facts_lacking=finding.lacking,
        cite=standard.cite,
        verified=standard.verified,
        warnings=(*_warnings(standard, finding.outcome, screening), *_unlisted(finding, declared)),
        screening=screening,
        offence_or_matter=standard.offence_or_matter,
        severity_tier=standard.severity_tier,
        reasons=finding.notes,
        target_agency=standard.target_agency,
        category=standard.category,
        kind=standard.kind,
        enforceable=standard.verified and standard.confidence != "single_source",
    )


def evaluate_all(
    catalogue: "Catalogue", facts: Mapping[str, Fact], conduct_on: date, target: str | None = None
) -> list[Verdict]:
    """Verdicts of every standard in force on the day of the conduct, `target` being an agency kind or a category."""
    standards = catalogue.standards_on(conduct_on, target)
    return [evaluate(standard, facts, fields=catalogue.fields) for standard in standards]


def _screened(standard: Standard) -> Predicate:
    """The looser reading: the same predicate with its threshold replaced by the screening one."""

    def loosened(part: Predicate | Leaf) -> Predicate | Leaf:
        if isinstance(part, Predicate):
            return Predicate(part.mode, tuple(loosened(inner) for inner in part.parts))
        return standard.screening if part.op == "gte" and standard.screening is not None else part

    found = loosened(standard.predicate)
    return found if isinstance(found, Predicate) else Predicate("all", (found,))


def _judgement(standard: Standard, facts: Mapping[str, Fact]) -> Finding:
    """The written legal judgement: true for every standard, or the ids of those it was given for."""
    fact = facts.get(MANUAL_JUDGEMENT)
    named = fact.value if fact else None
    if isinstance(named, list | tuple | set | frozenset | str):
        named = True if standard.id in ([named] if isinstance(named, str) else named) else None
    if fact is None or not isinstance(named, bool):
        note = Note("judgement_needed", "须有书面法律判断", "a written legal judgement is needed")
        return Finding("unknown", (), (MANUAL_JUDGEMENT,), (note,))
    used = FactUse(fact.name, fact.value, None, tuple(fact.evidence))
    return Finding("met" if named else "not_met", (used,), (), ())


def _without_judgement(finding: Finding) -> Finding:
    """The finding on the other facts: a predicate that only asks for the judgement adds nothing to it."""
    others = tuple(use for use in finding.used if use.name != MANUAL_JUDGEMENT)
    lacking = tuple(name for name in finding.lacking if name != MANUAL_JUDGEMENT)
    asks_only_judgement = not others and not lacking
    return (
        Finding("met", (), (), ()) if asks_only_judgement else Finding(finding.outcome, others, lacking, finding.notes)
    )


def _warnings(standard: Standard, outcome: Outcome, screening: Outcome | None) -> Iterable[Note]:
    if not standard.verified:
        yield Note(
            "unverified", "条文未经核验,不得据以自动执行", "the text is not verified and must not be enforced by itself"
        )
    if standard.confidence == "single_source":
        yield Note("single_source", "条文仅见于单一来源,请核对", "the text was seen in one source only; compare it")
    elif standard.confidence:
        yield Note("confidence", f"来源可靠程度:{standard.confidence}", f"confidence: {standard.confidence}")
    if not standard.machine_checkable:
        yield Note("not_machine_checkable", "须由人员作出法律判断", "this takes a legal judgement by a person")
    if screening == "met" and outcome != "met":
        zh, en = "按另一种读法已达到标准,须法制审核", "met on the other reading of the text: needs legal review"
        yield Note("screening_met", zh, en)


def _unlisted(finding: Finding, declared: Mapping[str, FactField]) -> Iterable[Note]:
    """Values no standard knows count as different from those it names; a slip of spelling should be seen."""
    for use in finding.used:
        choices = declared[use.name].choices if use.name in declared else None
        for value in values_of(use.value) if choices is not None else ():
            if choices is not None and value not in choices:
                zh = f"{declared[use.name].zh}的取值“{value}”不在目录中,请核对拼写"
                en = f"{declared[use.name].en}: '{value}' is not in the catalogue; check the spelling"
                yield Note("value_not_listed", zh, en, use.name)


def _declared() -> Mapping[str, FactField]:
    from shared.rules.catalogue import default

    fields: Mapping[str, Any] = default().fields
    return fields
