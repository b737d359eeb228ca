"""Do the kinds of evidence, the retention classes and the acts upon exhibits hold together."""

from collections.abc import Sequence
from typing import Any

from shared.rules.evidence_kinds import EvidenceField, EvidenceKind, ExhibitAct, RetentionClass
from shared.rules.loading import Placed


def check_evidence(
    kinds: Sequence[Placed[EvidenceKind]],
    retention: Sequence[Placed[RetentionClass]],
    acts: Sequence[Placed[ExhibitAct]],
) -> None:
    """CatalogueError at the first entry that does not fit."""
    classes = {placed.entry.id for placed in retention}
    _once(kinds, "documents", [placed.entry.documents for placed in kinds])
    _once(retention, "subjects", [placed.entry.subjects for placed in retention])
    for kind in kinds:
        if kind.entry.retention is not None and kind.entry.retention not in classes:
            zh = f"没有保存类别 {kind.entry.retention}:登记或更正。"
            raise kind.error(zh, f"no retention class '{kind.entry.retention}': define it or correct it.", "retention")
        _check_fields(kind, kind.entry.fields)
    fallbacks = [placed for placed in kinds if placed.entry.is_fallback]
    if len(fallbacks) > 1:
        zh, en = "只能有一个种类收纳其他材料。", "only one kind takes all other papers: remove is_fallback."
        raise fallbacks[1].error(zh, en, "is_fallback")
    for kept in retention:
        _check_basis(kept, kept.entry)
    for act in acts:
        _check_basis(act, act.entry)
        _check_fields(act, act.entry.fields)


def _check_fields(placed: Placed[Any], fields: Sequence[EvidenceField]) -> None:
    names: set[str] = set()
    for index, one in enumerate(fields):
        where = ("fields", index)
        if one.field in names:
            raise placed.error(f"{one.field} 重复。", f"'{one.field}' is listed twice.", *where)
        if one.when is not None and one.when not in names:
            zh = f"条件 {one.when} 应是先列出的字段。"
            raise placed.error(zh, f"the condition '{one.when}' must be a field listed before.", *where)
        _check_basis(placed, one, *where)
        names.add(one.field)


def _check_basis(placed: Placed[Any], rested: Any, *where: str | int) -> None:
    """What rests on law cites it; what is agreed cites no law as its own."""
    if (rested.basis == "law") == (rested.cite is not None):
        return
    zh = "basis 为 law 时须写 cite;约定不得引为法条,可写 modelled_on。"
    en = "basis 'law' needs a cite; an agreement has none of its own (it may say modelled_on)."
    raise placed.error(zh, en, *where)


def _once(placed: Sequence[Placed[Any]], key: str, named: Sequence[tuple[str, ...]]) -> None:
    seen: set[str] = set()
    for one, names in zip(placed, named, strict=True):
        for name in names:
            if name in seen:
                zh, en = f"{name} 已属于另一条目。", f"'{name}' belongs to another entry already: keep one."
                raise one.error(zh, en, key)
            seen.add(name)
