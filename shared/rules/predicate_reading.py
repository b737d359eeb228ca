"""Turn the predicate of a standard, as written in YAML, into comparisons; references are spelled out."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from shared.rules.loading import Document, Trail, validated
from shared.rules.predicates import Leaf, Predicate

Referenced = Mapping[Any, tuple[Document, Trail, Any]]
_LEAF = TypeAdapter(Leaf)


def predicate(document: Document, path: Trail, raw: Any, others: Referenced, within: tuple[str, ...] = ()) -> Predicate:
    """A tree of `all` and `any`, with `field`/`op`/`value`/`unit` at each leaf, or `meets: [standard ids]`."""
    found = _part(document, path, raw, others, within)
    return found if isinstance(found, Predicate) else Predicate("all", (found,))


def _part(document: Document, path: Trail, raw: Any, others: Referenced, within: tuple[str, ...]) -> Predicate | Leaf:
    if not isinstance(raw, dict):
        raise document.error(path, "条件应为映射。", "a condition must be a mapping: all, any, meets, or a comparison.")
    if set(raw) == {"meets"} and isinstance(raw["meets"], list):
        return _meets(document, (*path, "meets"), raw["meets"], others, within)
    for mode in ("all", "any"):
        if set(raw) == {mode}:
            parts = raw[mode]
            if not isinstance(parts, list) or not parts:
                raise document.error((*path, mode), f"{mode} 应为非空列表。", f"'{mode}' must be a list with entries.")
            read = (_part(document, (*path, mode, i), part, others, within) for i, part in enumerate(parts))
            return Predicate("all" if mode == "all" else "any", tuple(read))
    leaf: Leaf = validated(document, path, raw, Leaf, _LEAF).entry
    return leaf


def _meets(document: Document, path: Trail, ids: list[Any], others: Referenced, within: tuple[str, ...]) -> Predicate:
    parts: list[Predicate] = []
    for index, name in enumerate(ids):
        if name not in others:
            zh, en = f"没有标准 {name}:更正标识。", f"no standard '{name}': correct the id."
            raise document.error((*path, index), zh, en)
        if name in within:
            zh, en = f"标准 {name} 循环引用自身。", f"standard '{name}' refers to itself in a circle: break it."
            raise document.error((*path, index), zh, en)
        other, place, raw = others[name]
        parts.append(predicate(other, place, raw, others, (*within, name)))
    return Predicate("any", tuple(parts))
