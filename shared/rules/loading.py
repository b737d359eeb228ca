"""Read a YAML file of the law strictly, remembering on which line everything stands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from shared.rules.entries import InForce

Trail = tuple[str | int, ...]
T = TypeVar("T")
UNKNOWN_KEY = ("unexpected_keyword_argument", "extra_forbidden")


class CatalogueError(ValueError):
    """The data of the law cannot be used; the message names file and line, what is wrong and what to do."""


class Entry(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its content and the line of every key and item."""

    file: str
    data: Any
    lines: Mapping[Trail, int]

    def error(self, path: Trail, zh: str, en: str) -> CatalogueError:
        known = next(path[:size] for size in range(len(path), -1, -1) if path[:size] in self.lines)
        return CatalogueError(f"{self.file}:{self.lines[known]}: {en} {zh}")


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """An entry and where it stands."""

    entry: T
    document: Document
    path: Trail = field(default=())

    def error(self, zh: str, en: str, *path: str | int) -> CatalogueError:
        return self.document.error((*self.path, *path), zh, en)


def read(file: Path, root: Path) -> Document:
    """The content of a file; CatalogueError for YAML that does not parse and for keys given twice."""
    name = str(file.relative_to(root))
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise CatalogueError(
            f"{name}:{line}: this is not YAML ({problem.problem}); correct the line. 不是有效的 YAML,请更正该行。"
        ) from problem
    lines: dict[Trail, int] = {(): 1}
    return Document(name, _value(node, (), lines, name), lines)


def validated(document: Document, path: Trail, raw: Any, kind: type[T], adapter: TypeAdapter[T]) -> Placed[T]:
    """The entry that `raw` describes; CatalogueError at the line of the first thing that does not fit."""
    try:
        return Placed(adapter.validate_python(raw), document, path)
    except ValidationError as problem:
        errors = problem.errors(include_url=False)
        first = next((error for error in errors if error["type"] in UNKNOWN_KEY), errors[0])
        where = ".".join(str(part) for part in first["loc"])
        en, zh = _advice(first["type"], where, first["msg"], kind.__name__)
        raise document.error((*path, *first["loc"]), zh, en) from problem


def listed(folder: Path, pattern: str, key: str, kind: type[T]) -> Iterator[tuple[Document, Trail, dict[str, Any]]]:
    """Every item under the one top key `key` of the files that match. `kind` only names what is read."""
    for file in sorted(folder.glob(pattern)):
        document = read(file, folder)
        if not isinstance(document.data, dict) or set(document.data) != {key}:
            raise document.error(
                (),
                f"顶层只能有键 {key}:把{kind.__name__}条目列在其下。",
                f"the one top key must be '{key}': list the {kind.__name__} entries under it.",
            )
        items = document.data[key]
        if not isinstance(items, list):
            raise document.error((key,), f"{key} 应为列表。", f"'{key}' must be a list of entries.")
        for index, raw in enumerate(items):
            if not isinstance(raw, dict):
                raise document.error((key, index), "条目应为映射。", "an entry must be a mapping of names to values.")
            yield document, (key, index), raw


def versions(placed: Iterable[Placed[E]]) -> dict[str, tuple[E, ...]]:
    """Entries by id, each id's versions in order of date; CatalogueError where two hold on the same day."""
    groups: dict[str, list[Placed[E]]] = {}
    for item in placed:
        groups.setdefault(item.entry.id, []).append(item)
    return {name: tuple(item.entry for item in _in_order(group)) for name, group in groups.items()}


def single(placed: Iterable[Placed[E]]) -> dict[str, E]:
    """Entries by id, each id once."""
    kept: dict[str, E] = {}
    for item in placed:
        if item.entry.id in kept:
            raise item.error(
                f"标识 {item.entry.id} 已经使用:另取一个。", f"the id '{item.entry.id}' is taken: choose another."
            )
        kept[item.entry.id] = item.entry
    return kept


def in_force(entry: object) -> InForce:
    """The validity of a dated entry."""
    found = getattr(entry, "in_force", InForce())
    return found if isinstance(found, InForce) else InForce()


def _in_order(group: list[Placed[E]]) -> list[Placed[E]]:
    ordered = sorted(group, key=lambda item: in_force(item.entry).from_on or date.min)
    for earlier, later in pairwise(ordered):
        ends, begins = in_force(earlier.entry).to_on, in_force(later.entry).from_on
        if ends is None or begins is None or begins <= ends:
            raise later.error(
                f"{later.entry.id} 的两个版本在同一日有效:为前一版本写明 in_force.to。",
                f"two versions of '{later.entry.id}' overlap: give the earlier one an in_force.to before the later.",
                "in_force",
            )
    return ordered


def _value(node: yaml.Node | None, path: Trail, lines: dict[Trail, int], file: str) -> Any:
    if node is None:
        return None
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, file)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), lines, file) for index, item in enumerate(node.value)]
    return _scalar(node, file)


def _mapping(node: yaml.MappingNode, path: Trail, lines: dict[Trail, int], file: str) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in content:
            raise CatalogueError(
                f"{file}:{line}: the key '{key}' is given twice; keep one. 键 {key} 重复,请只保留一个。"
            )
        lines[(*path, key)] = line
        content[key] = _value(value_node, (*path, key), lines, file)
    return content


def _scalar(node: yaml.Node, file: str) -> Any:
    text, tag = str(node.value), node.tag.rpartition(":")[2]
    try:
        if tag == "int":
            return int(text)
        if tag == "float":
            return float(text)
        if tag == "timestamp":
            return date.fromisoformat(text)
    except ValueError as problem:
        line = node.start_mark.line + 1
        raise CatalogueError(
            f"{file}:{line}: '{text}' is not a date (YYYY-MM-DD) or number; correct it. 日期或数字无效,请更正。"
        ) from problem
    if tag == "null":
        return None
    if tag == "bool" and text in ("true", "false"):
        return text == "true"
    return text


def _advice(kind: str, where: str, message: str, name: str) -> tuple[str, str]:
    if kind in UNKNOWN_KEY:
        return (
            f"unknown key '{where}' in {name}: remove it or correct its spelling.",
            f"未知的键 {where}:删去或改正拼写。",
        )
    if kind in ("missing", "missing_argument"):
        return f"'{where}' is missing in {name}: add it.", f"缺少 {where}:请补上。"
    if kind.startswith("date"):
        return f"'{where}' is not a date: write YYYY-MM-DD.", f"{where} 不是日期:写成 YYYY-MM-DD。"
    if kind == "literal_error":
        return f"'{where}' has a value nobody knows: {message}.", f"{where} 的取值未知:请用所列之一。"
    return f"'{where}' does not fit {name}: {message}.", f"{where} 不合要求:请更正。"
