"""Does the law hold together: every id that is named exists, every unit fits, every state leads on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.rules.entries import Agency, AgencyKind, FactField, Role, StepField
from shared.rules.evidence_checks import check_evidence
from shared.rules.evidence_kinds import EvidenceKind, ExhibitAct, RetentionClass
from shared.rules.loading import CatalogueError, Entry, Placed
from shared.rules.notices import Ladder, Notice, RungRule, placeholders
from shared.rules.predicates import UNITS, Leaf, Predicate
from shared.rules.procedure_checks import check_procedure
from shared.rules.procedure_entries import Procedure
from shared.rules.requirements import RequirementSet
from shared.rules.standards import Standard
from shared.rules.term_entries import PROFILE_UNITS, Term

OPS = {"bool": {"eq"}, "choice": {"eq", "in"}, "text": {"eq", "in"}, "number": {"gte"}, "count": {"gte"}}


@dataclass(frozen=True, slots=True)
class Shelves:
    """Everything read, each entry with its place."""

    terms: list[Placed[Term]]
    standards: list[Placed[Standard]]
    requirements: list[Placed[RequirementSet]]
    procedures: list[Placed[Procedure]]
    roles: list[Placed[Role]]
    notices: list[Placed[Notice]]
    ladders: list[Placed[Ladder]]
    agencies: list[Placed[Agency]]
    agency_kinds: list[Placed[AgencyKind]]
    fields: list[Placed[FactField]]
    step_fields: list[Placed[StepField]]
    evidence_kinds: list[Placed[EvidenceKind]]
    retention: list[Placed[RetentionClass]]
    exhibit_acts: list[Placed[ExhibitAct]]


def check(shelves: Shelves) -> None:
    """CatalogueError at the first entry that does not fit the others."""
    kinds = _ids(shelves.agency_kinds)
    for field in shelves.fields:
        _check_field(field)
    for stated in shelves.step_fields:
        _check_stated(stated, kinds)
    for term in shelves.terms:
        _check_term(term, _ids(shelves.terms), kinds, _ids(shelves.ladders))
    declared = {placed.entry.id: placed.entry for placed in shelves.fields}
    for standard in shelves.standards:
        _check_standard(standard, _ids(shelves.standards), kinds, declared)
    for required in shelves.requirements:
        _check_requirements(required, kinds)
    for agency in shelves.agencies:
        _known(agency, agency.entry.kind, kinds, "kind")
        _known(agency, agency.entry.superior, _ids(shelves.agencies), "superior")
    for procedure in shelves.procedures:
        check_procedure(procedure, shelves)
    _check_notices(shelves, kinds)
    check_evidence(shelves.evidence_kinds, shelves.retention, shelves.exhibit_acts)


def _check_field(placed: Placed[FactField]) -> None:
    field = placed.entry
    if field.unit is not None and field.unit not in UNITS:
        raise _unknown(placed, "unit", field.unit, "unit")
    if (field.type == "choice") != (field.choices is not None):
        raise placed.error(
            "只有 choice 类型须列出 choices。", "choices belong to fields of type choice, and only there."
        )


def _check_stated(placed: Placed[StepField], kinds: set[str]) -> None:
    field = placed.entry
    if (field.type == "choice") != (field.choices is not None):
        zh, en = "只有 choice 类型须列出 choices。", "choices belong to fields of type choice, and only there."
        raise placed.error(zh, en)
    for kind in field.kinds:
        _known(placed, kind, kinds, "kinds")


def _check_term(placed: Placed[Term], terms: set[str], kinds: set[str], ladders: set[str]) -> None:
    term = placed.entry
    if term.unit not in PROFILE_UNITS[term.profile]:
        raise placed.error(
            f"计算方式 {term.profile} 不能以 {term.unit} 计:更正单位或方式。",
            f"profile '{term.profile}' cannot count in '{term.unit}': correct the unit or the profile.",
            "unit",
        )
    if term.direction == "backward" and term.unit not in ("working_days", "natural_days"):
        raise placed.error("倒计的期限须以日计。", "a term that counts backward must count in days.", "direction")
    for name in ("alias_of", "replaces", "superseded_by"):
        _known(placed, getattr(term, name), terms, name)
    for other in term.conflict_with:
        _known(placed, other, terms, "conflict_with")
    _known(placed, term.obligated_party or None, kinds, "obligated_party")
    _known(placed, term.reminders, ladders, "reminders")
    _check_validity(placed)


def _check_standard(
    placed: Placed[Standard], standards: set[str], kinds: set[str], fields: Mapping[str, FactField]
) -> None:
    standard = placed.entry
    _known(placed, standard.superseded_by, standards, "superseded_by")
    _known(placed, standard.target_agency, kinds, "target_agency")
    for leaf in _leaves(standard.predicate):
        _check_leaf(placed, leaf, fields, "predicate")
    if standard.screening is not None:
        _check_leaf(placed, standard.screening, fields, "screening")
    _check_validity(placed)


def _check_leaf(placed: Placed[Standard], leaf: Leaf, fields: Mapping[str, FactField], where: str) -> None:
    field = fields.get(leaf.field)
    if field is None:
        raise _unknown(placed, "field", leaf.field, where)
    if leaf.op not in OPS[field.type]:
        raise placed.error(
            f"{leaf.field} 的类型为 {field.type},不能用 {leaf.op} 比较。",
            f"'{leaf.field}' is a {field.type} and cannot be compared with '{leaf.op}'.",
            where,
        )
    if (leaf.unit or field.unit) and UNITS.get(leaf.unit or "") != UNITS.get(field.unit or ""):
        raise placed.error(
            f"{leaf.field} 的单位 {leaf.unit} 与声明的 {field.unit} 不符。",
            f"unit '{leaf.unit}' of '{leaf.field}' does not fit the declared unit '{field.unit}'.",
            where,
        )
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    for value in values:
        if not _is_value(value, field):
            raise placed.error(
                f"{leaf.field} 没有取值 {value}:在 fields 中登记或更正。",
                f"'{leaf.field}' has no value '{value}': declare it in fields or correct it.",
                where,
            )


def _is_value(value: Any, field: FactField) -> bool:
    if field.type == "bool":
        return isinstance(value, bool)
    if field.type in ("number", "count"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) and (field.choices is None or value in field.choices)


def _leaves(predicate: Predicate | Leaf) -> Iterable[Leaf]:
    if isinstance(predicate, Leaf):
        return (predicate,)
    return [leaf for part in predicate.parts for leaf in _leaves(part)]


def _check_requirements(placed: Placed[RequirementSet], kinds: set[str]) -> None:
    _known(placed, placed.entry.target_agency or None, kinds, "target_agency")
    seen: set[str] = set()
    for index, document in enumerate(placed.entry.documents):
        where = ("documents", index)
        if document.id in seen:
            raise placed.error(f"文书 {document.id} 重复。", f"document '{document.id}' is listed twice.", *where)
        if (document.level == "conditional") != (document.condition is not None):
            raise placed.error(
                f"文书 {document.id}:level 为 conditional 时须写 condition,否则不写。",
                f"document '{document.id}': a condition belongs to level conditional, and only there.",
                *where,
            )
        seen.add(document.id)
    _check_validity(placed)


def _check_notices(shelves: Shelves, kinds: set[str]) -> None:
    roles = _ids(shelves.roles)
    for notice in shelves.notices:
        entry = notice.entry
        _check_text(notice, (entry.title_zh, entry.title_en, entry.zh, entry.en), entry.placeholders)
        for recipient in entry.recipients:
            for role in recipient.roles:
                _known(notice, role, roles, "recipients")
    for ladder in shelves.ladders:
        for index, rung in enumerate(ladder.entry.rungs):
            _check_rung(ladder, rung, index, roles, kinds)
        _check_follow_up(ladder, roles)


def _check_follow_up(ladder: Placed[Ladder], roles: set[str]) -> None:
    follow_up = ladder.entry.follow_up
    if follow_up is None:
        return
    if (follow_up.hours is None) == (follow_up.working_hours is None) or follow_up.closes <= follow_up.opens:
        zh = "hours 与 working_hours 须且只须写一个，closes 须晚于 opens。"
        raise ladder.error(zh, "give 'hours' or 'working_hours', and let 'closes' come after 'opens'.", "follow_up")
    for role in follow_up.roles:
        _known(ladder, role, roles, "follow_up")


def _check_rung(ladder: Placed[Ladder], rung: RungRule, index: int, roles: set[str], kinds: set[str]) -> None:
    if rung.placed != 1:
        zh = "fraction、hours_left、hours_after、working_days_after 须且只须写一个。"
        en = "give one of 'fraction', 'hours_left', 'hours_after' and 'working_days_after'."
        raise ladder.error(zh, en, "rungs", index)
    texts = (rung.title_zh, rung.title_en, rung.zh, rung.en)
    _check_text(ladder, texts, ladder.entry.placeholders, "rungs", index)
    for audience in rung.audience:
        for role in audience.roles:
            _known(ladder, role, roles, "rungs", index)
        for kind in audience.only_kinds:
            _known(ladder, kind, kinds, "rungs", index)


def _check_text(placed: Placed[Any], texts: Iterable[str], declared: tuple[str, ...], *path: str | int) -> None:
    for text in texts:
        try:
            used = set(placeholders(text))
        except ValueError as problem:
            zh, en = "文本中的花括号不成对。", f"the braces of a text do not match ({problem}): correct it."
            raise placed.error(zh, en, *path) from problem
        for name in sorted(used - set(declared)):
            zh = f"占位符 {name} 未在 placeholders 中声明。"
            raise placed.error(zh, f"the placeholder '{name}' is not declared in placeholders.", *path)


def _check_validity(placed: Placed[Any]) -> None:
    validity = placed.entry.in_force
    if validity.from_on and validity.to_on and validity.to_on < validity.from_on:
        zh, en = "in_force.to 早于 from:更正日期。", "in_force.to lies before in_force.from: correct the dates."
        raise placed.error(zh, en, "in_force")


def _known(placed: Placed[Any], id: str | None, ids: set[str], *path: str | int) -> None:
    if id is not None and id not in ids:
        raise _unknown(placed, "id", id, *path)


def _unknown(placed: Placed[Any], what: str, id: str, *path: str | int) -> CatalogueError:
    zh, en = f"{id} 没有定义:登记或更正。", f"unknown {what} '{id}' in '{path[0]}': define it or correct it."
    return placed.error(zh, en, *path)


def _ids(shelf: Iterable[Placed[Any]]) -> set[str]:
    return {placed.entry.id for placed in shelf}


__all__ = ["Entry", "Shelves", "check"]
