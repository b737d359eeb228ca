"""The rules as they stand at this desk: files give versions and defaults, the database what is in force or on trial."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlmodel import Session, col, select

from services.clue_service.detection.catalogue import Rule, Status, load, parse
from services.clue_service.detection.functions import MODELS
from services.clue_service.detection.hits import Hit
from services.clue_service.rules_office.models import RuleInForce, RuleProposal, RuleVersion
from shared.errors import NotVisible, Text
from shared.records.journal import canonical
from shared.records.room import Room, room_of

Key = tuple[str, int, str]
"""Rule, version and digest of its parameter values: what tells one set from another."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rule stands: `rule` is its version with the values and the status in force; `since_at`: not from a file."""

    rule: Rule
    owner: str
    since_at: datetime | None = None

    @property
    def digest(self) -> str:
        """Return the digest of the set in force."""
        return digest_of(self.rule)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every version known here, how each rule stands, and the proposals that are open."""

    versions: Mapping[tuple[str, int], Rule]
    standing: Mapping[str, Standing]
    proposals: Sequence[RuleProposal]

    def find(self, rule_id: str) -> Standing:
        """Return how a rule stands. Raises NotVisible."""
        if rule_id not in self.standing:
            raise NotVisible(Text(f"没有规则 {rule_id}", f"There is no rule {rule_id}"))
        return self.standing[rule_id]

    def versions_of(self, rule_id: str) -> list[Rule]:
        """Return the versions of a rule, oldest first."""
        return [rule for (one, _), rule in sorted(self.versions.items()) if one == rule_id]

    def open_of(self, rule_id: str) -> list[RuleProposal]:
        """Return the open proposals for a rule, oldest first."""
        return [one for one in self.proposals if one.rule_id == rule_id]

    def running(self) -> list[Rule]:
        """Return every set that runs, each once: those that make clues first, then those in shadow.

        Several sets of one rule carry the same id; `key_of` tells them apart.
        """
        sets: dict[Key, Rule] = {}
        for one in sorted(self._running(), key=lambda rule: (rule.status is not Status.ACTIVE, rule.id)):
            sets.setdefault(key_of(one), one)
        return list(sets.values())

    def _running(self) -> Iterator[Rule]:
        yield from (one.rule for one in self.standing.values() if one.rule.status is not Status.RETIRED)
        for proposal in self.proposals:
            version = self.versions[proposal.rule_id, proposal.version]
            yield tuned(version, proposal.parameters, Status.SHADOW)


def tuned(rule: Rule, overrides: Mapping[str, float], status: Status) -> Rule:
    """Return a version with other values and status. Raises RuleError for a value that does not fit."""
    values = rule.values(overrides)
    parameters = {name: one.model_copy(update={"value": values[name]}) for name, one in rule.parameters.items()}
    return rule.model_copy(update={"parameters": parameters, "status": status})


def digest_of(rule: Rule) -> str:
    """Return the SHA-256 of rule, version and every parameter value."""
    return _digest(rule.id, rule.version, rule.values())


def digest_of_hit(found: Hit) -> str:
    """Return the digest of the set that found a hit."""
    return _digest(found.rule_id, found.rule_version, found.parameters)


def _digest(rule_id: str, version: int, values: Mapping[str, float]) -> str:
    said = {"rule": rule_id, "version": version, "parameters": {name: float(one) for name, one in values.items()}}
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def key_of(rule: Rule) -> Key:
    """Return what tells a set from another."""
    return rule.id, rule.version, digest_of(rule)


def problems(rule: Rule, overrides: Mapping[str, float]) -> list[tuple[str, str, Text]]:
    """Return what is wrong with overrides: the parameter, a code and the words; every wrong one, not the first."""
    found = []
    for name, value in overrides.items():
        if name not in rule.parameters:
            words = Text(f"{rule.id} 没有参数 {name}", f"{rule.id} has no parameter {name}")
            found.append((name, "unknown_parameter", words))
            continue
        low, high = rule.parameters[name].range
        if not low <= value <= high:
            unit = rule.parameters[name].unit
            words = Text(
                f"{rule.id} 的参数 {name} 应在 {low:g} 至 {high:g}（{unit}）之间，不能为 {value:g}",
                f"{rule.id}: {name} lies between {low:g} and {high:g} ({unit}), it cannot be {value:g}",
            )
            found.append((name, "out_of_range", words))
    return found


def changed(rule: Rule, overrides: Mapping[str, float]) -> dict[str, float]:
    """Return the overrides that differ from the defaults."""
    return {name: value for name, value in sorted(overrides.items()) if value != rule.parameters[name].value}


def rulebook(session: Session) -> Rulebook:
    """Return the rules as they stand; only those a function judges."""
    versions = dict(_of_files())
    came = {(one.rule_id, one.version): one.document for one in session.exec(select(RuleVersion))}
    for (rule_id, version), document in came.items():
        versions.setdefault((rule_id, version), _parsed(document, f"{rule_id}-{version}"))
    rows = {one.rule_id: one for one in session.exec(select(RuleInForce))}
    open_ones = select(RuleProposal).where(RuleProposal.state == "shadow").order_by(col(RuleProposal.id))
    standing = _standing(versions, rows, room_of(session).settings.rules_owner)
    proposals = [one for one in session.exec(open_ones) if (one.rule_id, one.version) in versions]
    return Rulebook(versions, standing, proposals)


def of_files(owner: str) -> Rulebook:
    """Return the rules as their files have them, where there is no desk."""
    return Rulebook(_of_files(), _standing(_of_files(), {}, owner), ())


def running_sets(room: Room) -> list[Rule]:
    """Return every set that runs at this moment."""
    with room.reading() as session:
        return rulebook(session).running()


def _standing(
    versions: Mapping[tuple[str, int], Rule], rows: Mapping[str, RuleInForce], owner: str
) -> dict[str, Standing]:
    """What a pack brought is never in force by itself: where no file of ours has the rule, it stands in shadow."""
    ours = {rule_id: rule for (rule_id, _), rule in sorted(_of_files().items())}
    theirs = {
        rule_id: tuned(rule, {}, Status.SHADOW)
        for (rule_id, _), rule in sorted(versions.items())
        if rule_id not in ours
    }
    found = {rule_id: Standing(rule, owner) for rule_id, rule in sorted((ours | theirs).items())}
    for rule_id, row in rows.items():
        version = versions.get((rule_id, row.version))
        if version is not None:
            rule = tuned(version, row.parameters, Status(row.status))
            found[rule_id] = Standing(rule, row.owner, row.since_at)
    return found


@cache
def _of_files() -> Mapping[tuple[str, int], Rule]:
    return {key: rule for key, rule in load().items() if rule.id in MODELS}


@cache
def _parsed(document: str, name: str) -> Rule:
    return parse(document, name)
