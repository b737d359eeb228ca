"""Write a packaged template for the PDF backend: the wording as a page that imports the house style."""

import re
from collections.abc import Iterator
from typing import Any

from shared.rules.document_kinds import DocumentField, DocumentKind

Block = dict[str, Any]
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
MARKUP = re.compile(r"([\\#*_`$<>@~\[\]])")


def page(kind: DocumentKind, blocks: list[Block]) -> str:
    """Return the template's text."""
    head = '.with(head: "red")' if kind.has_red_head else ""
    first = [f"// {kind.name_zh} · {kind.cite.zh}", '#import "layout.typ": *', f"#show: official{head}"]
    return "\n".join([*first, *_written(kind, blocks, signed_with(blocks)), ""])


def _written(kind: DocumentKind, blocks: list[Block], last: frozenset[int]) -> Iterator[str]:
    for block in blocks:
        name = next(iter(block))
        if name == "when":
            yield f'#if has("{block["when"]}") ['
            yield from (f"  {line}" for line in _written(kind, block["blocks"], last))
            yield "]"
        else:
            yield _block(kind, name, block[name], id(block) in last)


def _block(kind: DocumentKind, name: str, value: Any, is_last: bool) -> str:
    last = "last: true" if is_last else ""
    if name in ("text", "bare", "attached"):
        call = "p" if name == "text" else name
        return f"#{call}({last})[{_prose(value)}]" if last else f"#{call}[{_prose(value)}]"
    if name == "heading":
        return f"= {_prose(value)}"
    if name == "lines":
        return f'#lines("{value}", {last})' if last else f'#lines("{value}")'
    if name == "rows":
        columns = ", ".join(f'("{one.label_zh}", "{one.id}", {one.width})' for one in _field(kind, value).columns)
        return f'#rows("{value}", {columns})'
    if name == "pairs":
        return "#pairs({})".format(", ".join(f'("{_field(kind, one).label_zh}", "{one}")' for one in value))
    if name == "sign":
        return f"#sign(d.{'day_hanzi' if value == 'hanzi' else 'day'})"
    if name == "copied":
        return "#copied()"
    return f"#{name}[{_prose(value)}]"


def _prose(text: str) -> str:
    """Return a text as markup in which a placeholder is a call and nothing else means anything."""
    parts = PLACEHOLDER.split(text)
    return "".join(f'#f("{part}")' if index % 2 else MARKUP.sub(r"\\\1", part) for index, part in enumerate(parts))


def signed_with(blocks: list[Block]) -> frozenset[int]:
    """Return the ids of the blocks that stay on the page of the signature: the last, and what may be it instead."""
    signs = [index for index, block in enumerate(blocks) if "sign" in block]
    before = list(reversed(blocks[: signs[0]])) if signs else []
    kept = before[: 2 if before and "when" in before[0] else 1]
    return frozenset(id(block["blocks"][-1] if "when" in block else block) for block in kept)


def _field(kind: DocumentKind, field_id: str) -> DocumentField:
    found = kind.stated(field_id)
    if found is None:
        raise ValueError(f"{kind.id} has no field {field_id}")
    return found
