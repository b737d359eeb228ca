"""What changed in the law between two days: entries that came, went, or read otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from shared.rules.entries import Cite

if TYPE_CHECKING:
    from shared.rules.catalogue import Catalogue

DATED = ("terms", "standards", "requirements", "procedures")


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that differs: what happened, the article, which parts read otherwise, and what took its place."""

    kind: str
    id: str
    what: Literal["came", "went", "changed"]
    name_zh: str
    name_en: str
    cite: Cite
    on: date | None
    """The day from which it holds, or after which it no longer does."""
    parts: tuple[str, ...] = ()
    superseded_by: str | None = None


def changes(catalogue: "Catalogue", since: date, until: date) -> tuple[Change, ...]:
    """Every difference between the law of two days, by kind and id. `since` may lie after `until`."""
    return tuple(change for kind in DATED for change in _of_kind(catalogue, kind, since, until))


def _of_kind(catalogue: "Catalogue", kind: str, since: date, until: date) -> Iterator[Change]:
    for id, versions in sorted(getattr(catalogue, kind).items()):
        before = next((entry for entry in versions if entry.in_force.holds(since)), None)
        after = next((entry for entry in versions if entry.in_force.holds(until)), None)
        if before is None and after is not None:
            yield _change(kind, id, "came", after, after.in_force.from_on)
        elif before is not None and after is None:
            yield _change(kind, id, "went", before, before.in_force.to_on)
        elif before is not None and after is not None and before is not after:
            parts = tuple(_differing(before, after))
            yield _change(kind, id, "changed", after, after.in_force.from_on, parts)


def _change(
    kind: str,
    id: str,
    what: Literal["came", "went", "changed"],
    entry: Any,
    on: date | None,
    parts: tuple[str, ...] = (),
) -> Change:
    return Change(
        kind, id, what, entry.name_zh, entry.name_en, entry.cite, on, parts, getattr(entry, "superseded_by", None)
    )


def _differing(before: Any, after: Any) -> Iterator[str]:
    if is_dataclass(before) and not isinstance(before, type):
        for part in fields(before):
            if getattr(before, part.name) != getattr(after, part.name):
                yield part.name
