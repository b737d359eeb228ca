"""The rules as data: strict loading of rules/*.yaml, parameters with defaults, units and ranges."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FOLDER = Path(__file__).parent / "rules"
DIRECTIONS = Path(__file__).parent / "directions.yaml"


class RuleError(ValueError):
    """A rule file that is not right, or a parameter outside its range; the message names file and place."""


class Status(StrEnum):
    """Whether hits of a rule become clues: only those of an active one; a shadow rule is only counted."""

    SHADOW = "shadow"
    ACTIVE = "active"
    RETIRED = "retired"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


T = TypeVar("T", bound=_Strict)


class Text(_Strict):
    """A text in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Parameter(Text):
    """A number a rule may be tuned by: default, unit, range."""

    value: float
    unit: str
    range: tuple[float, float]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.range[0] <= self.value <= self.range[1]:
            raise ValueError(f"the default {self.value} lies outside {list(self.range)}")
        return self


class LegalHook(Text):
    """What a hit may suggest; a clue never states a violation (疑似, 涉嫌)."""

    hook: str = Field(pattern=r"^L\d+$")


class Direction(Text):
    """A direction of work that rules are grouped by."""

    id: str = Field(pattern=r"^D\d+$")


class Rule(_Strict):
    """One version of one rule.

    `full_hours` is the extent at which the severity's part for duration is full: hours, or what the rule counts
    instead (cars). `words` are lists of words the rule compares texts with, such as places or results.
    """

    id: str = Field(pattern=r"^R\d{2}$")
    version: int = Field(ge=1)
    direction: str = Field(pattern=r"^D\d+$")
    status: Status
    owner: str = Field(min_length=1)
    name: Text
    full_hours: float = Field(gt=0)
    legal: tuple[LegalHook, ...] = Field(min_length=1)
    exclusions: tuple[Text, ...] = Field(min_length=1)
    work_orders: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = {}
    parameters: dict[str, Parameter]

    def values(self, overrides: Mapping[str, float] | None = None) -> dict[str, float]:
        """Parameter values with overrides. Raises RuleError for a name it has not or a value out of range."""
        values = {name: parameter.value for name, parameter in self.parameters.items()}
        for name, value in (overrides or {}).items():
            if name not in self.parameters:
                raise RuleError(f"{self.id}: 没有参数 {name} / no parameter {name}")
            low, high = self.parameters[name].range
            if not low <= value <= high:
                raise RuleError(f"{self.id}.{name}: {value} 超出 [{low}, {high}] / {value} is outside [{low}, {high}]")
            values[name] = value
        return values


class _UniqueKeys(yaml.SafeLoader):
    """A YAML loader that refuses a key written twice in one mapping; `file` names what it reads."""

    file = ""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if not isinstance(key, str | int | float | bool):
            raise RuleError(f"{loader.file}:{key_node.start_mark.line + 1}: a key is no plain word")
        if key in seen:
            raise RuleError(f"{loader.file}:{key_node.start_mark.line + 1}: key {key!r} stands twice")
        seen.add(key)
    return loader.construct_mapping(node)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load(folder: Path = FOLDER) -> dict[tuple[str, int], Rule]:
    """Every version of every rule in a folder, by id and version. Raises RuleError naming file and place."""
    rules: dict[tuple[str, int], Rule] = {}
    for path in sorted(folder.glob("*.yaml")):
        rule = _read(path.read_text(encoding="utf-8"), path.name)
        if (rule.id, rule.version) in rules:
            raise RuleError(f"{path.name}: {rule.id} version {rule.version} stands twice")
        rules[rule.id, rule.version] = rule
    return rules


def documents(folder: Path = FOLDER) -> dict[tuple[str, int], str]:
    """The text of every version's file, by id and version, as rule packs carry it."""
    texts = [(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))]
    return {(rule.id, rule.version): text for name, text in texts for rule in [_read(text, name)]}


@lru_cache(maxsize=256)
def _read(document: str, name: str) -> Rule:
    """Parse a file of a folder; the same text is parsed once a process, for it is asked for again and again."""
    return parse(document, name)


def parse(document: str, name: str) -> Rule:
    """A rule of the text of its file, called `name` in errors. Raises RuleError naming the place."""
    rule = _validated(Rule, _loaded(document, name), name)
    if rule.direction not in directions():
        raise RuleError(f"{name}: 没有方向 {rule.direction} / no direction {rule.direction}")
    return rule


def current(rules: Mapping[tuple[str, int], Rule]) -> list[Rule]:
    """The newest version of each rule that is not retired, by id."""
    newest = {rule.id: rule for _, rule in sorted(rules.items())}
    return [rule for rule in newest.values() if rule.status is not Status.RETIRED]


def newest(rule_id: str) -> Rule:
    """The newest version of a rule that came with its function. Raises ValueError for a rule that has none."""
    return max((rule for (name, _), rule in load().items() if name == rule_id), key=lambda rule: rule.version)


@cache
def directions(path: Path = DIRECTIONS) -> dict[str, Direction]:
    """The directions by id, in their order. Raises RuleError for one that is wrong or stands twice."""
    entries = _loaded(path.read_text(encoding="utf-8"), path.name)
    if not isinstance(entries, list):
        raise RuleError(f"{path.name}: 应为方向清单 / a list of directions is expected")
    found: dict[str, Direction] = {}
    for entry in entries:
        one = _validated(Direction, entry, path.name)
        if one.id in found:
            raise RuleError(f"{path.name}: direction {one.id} stands twice")
        found[one.id] = one
    return found


def _loaded(document: str, name: str) -> Any:
    # Not the faster loader in C: a document of nothing but brackets, as a pack may hold, ends the process with it.
    try:
        loader = _UniqueKeys(document)
    except yaml.YAMLError as error:
        raise RuleError(f"{name}: {error}") from error
    loader.file = name
    try:
        return loader.get_single_data()
    except (yaml.YAMLError, RecursionError) as error:
        raise RuleError(f"{name}: {error}") from error
    finally:
        loader.dispose()


def _validated(kind: type[T], entry: Any, name: str) -> T:
    try:
        return kind.model_validate(entry)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise RuleError(f"{name}: {places}") from error
