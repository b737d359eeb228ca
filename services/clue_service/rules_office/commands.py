"""What can be done with a rule: proposed, activated by a second person, observed, retired; each on its own chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session

from services.clue_service.access import require, superiors
from services.clue_service.detection.catalogue import Rule, Status
from services.clue_service.rules_office.models import (
    Activate,
    Observe,
    Overrides,
    Propose,
    Retire,
    RuleInForce,
    RuleProposal,
)
from services.clue_service.rules_office.registry import (
    Rulebook,
    Standing,
    changed,
    digest_of,
    problems,
    rulebook,
    tuned,
)
from services.clue_service.upserting import upsert
from shared.clock import new_id
from shared.errors import AlreadyDecided, BodyInvalid, DuplicateSubject, NotVisible, NotYourStep, StepRefused, Text
from shared.identity import Principal
from shared.records.db import one_at_a_time, table_of, write
from shared.records.journal import Fact, chain
from shared.records.room import room_of

MOST_OPEN = 5
"""How many proposals of one rule run beside it at a time: each costs a run of the rule."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A set that is to run in shadow, why, and the digest of the pack it came in."""

    rule: Rule
    reasons: str
    pack: str = ""


def ref_of(rule_id: str) -> str:
    """Return the chain of a rule."""
    return f"rule:{rule_id}"


def propose(session: Session, rule_id: str, body: Propose, *, by: Principal, now: datetime) -> RuleProposal:
    """Propose a set, which runs in shadow from now on.

    Raises BodyInvalid naming each wrong parameter, StepRefused where it changes nothing or too many are open.
    """
    require(by, "tune")
    book = _alone(session, rule_id)
    standing = book.find(rule_id)
    if not by.is_system and standing.owner not in superiors(room_of(session).catalogue, by.agency):
        _refuse_actor(Text("由规则主管部门及其下级提出", "A set is proposed by the rule's owner or a bureau under it"))
    rule = chosen(book, rule_id, body.version, body.parameters)
    return add(session, book, Trial(rule, body.reasons), by=by, now=now)


def chosen(book: Rulebook, rule_id: str, version: int | None, overrides: Overrides) -> Rule:
    """Return a version with overrides, in shadow. Raises NotVisible, or BodyInvalid naming each wrong parameter."""
    book.find(rule_id)
    versions = {rule.version: rule for rule in book.versions_of(rule_id)}
    rule = versions.get(version if version is not None else max(versions))
    if rule is None:
        words = Text(f"{rule_id} 没有第 {version} 版", f"{rule_id} has no version {version}")
        raise BodyInvalid(words, errors=[{"field": "version", "code": "unknown_version", "message": words}])
    if wrong := problems(rule, overrides):
        errors = [{"field": f"parameters.{name}", "code": code, "message": words} for name, code, words in wrong]
        raise BodyInvalid(wrong[0][2], errors=errors)
    return tuned(rule, overrides, Status.SHADOW)


def add(session: Session, book: Rulebook, trial: Trial, *, by: Principal, now: datetime) -> RuleProposal:
    """Write a proposal and journal it. Raises StepRefused and DuplicateSubject."""
    rule = trial.rule
    standing, digest, open_ones = book.find(rule.id), digest_of(rule), book.open_of(rule.id)
    if standing.digest == digest and standing.rule.status is Status.ACTIVE:
        raise StepRefused(Text("这组参数已在使用", "This set is in force already"))
    if any(one.digest == digest for one in open_ones):
        raise DuplicateSubject(
            Text("同一组参数已提出，正在影子运行", "This set is proposed and runs in shadow already")
        )
    if len(open_ones) >= MOST_OPEN:
        words = Text(
            f"{rule.id} 已有 {MOST_OPEN} 组参数在影子运行，请先启用或撤回",
            f"{MOST_OPEN} sets of {rule.id} run in shadow: activate or withdraw one first",
        )
        raise StepRefused(words)
    row = RuleProposal(
        id=new_id(now),
        rule_id=rule.id,
        version=rule.version,
        parameters=changed(book.versions[rule.id, rule.version], rule.values()),
        digest=digest,
        state="shadow",
        agency=by.agency,
        actor=by.actor,
        reasons=trial.reasons,
        proposed_at=now,
        pack_digest=trial.pack,
    )
    write(session, RuleProposal, [row.model_dump()])
    said = row.model_dump(mode="json", include={"version", "parameters", "digest", "reasons"})
    said |= {"proposal": str(row.id)} | ({"pack": trial.pack} if trial.pack else {})
    record(session, rule.id, Fact("rule.proposed", said, step="propose"), by=by, now=now)
    return row


def activate(session: Session, rule_id: str, body: Activate, *, by: Principal, now: datetime) -> Standing:
    """Put a proposal in force. Raises NotYourStep for its proposer and for everybody outside the owner's bureau."""
    book, standing = _of_owner(session, rule_id, by)
    proposal = _proposal(session, rule_id, body.proposal)
    if (proposal.agency, proposal.actor) == (by.agency, by.actor):
        _refuse_actor(Text("由提出人以外的人启用", "It is activated by another person than who proposed it"))
    decide(session, proposal, "activated", now=now)
    rule = tuned(book.versions[rule_id, proposal.version], proposal.parameters, Status.ACTIVE)
    row = RuleInForce(
        rule_id=rule_id,
        owner=standing.owner,
        version=rule.version,
        parameters=proposal.parameters,
        status=Status.ACTIVE.value,
        since_at=now,
        changed_at=now,
    )
    keep(session, row)
    said = _change(standing, rule) | {"proposal": str(proposal.id), "reasons": body.reasons}
    record(session, rule_id, _fact("rule.activated", "activate", standing, Status.ACTIVE, said), by=by, now=now)
    return Standing(rule, standing.owner, now)


def retire(session: Session, rule_id: str, body: Retire, *, by: Principal, now: datetime) -> Standing:
    """Retire a rule, or withdraw a proposal; who proposed it may withdraw it as well."""
    if body.proposal is None:
        return _set_status(session, rule_id, Status.RETIRED, body.reasons, by=by, now=now)
    book = _alone(session, rule_id)
    standing = book.find(rule_id)
    proposal = _proposal(session, rule_id, body.proposal)
    if (proposal.agency, proposal.actor) != (by.agency, by.actor):
        _require_owner(standing, by)
    decide(session, proposal, "withdrawn", now=now)
    said = {"proposal": str(proposal.id), "digest": proposal.digest, "reasons": body.reasons}
    record(session, rule_id, Fact("rule.withdrawn", said, step="retire"), by=by, now=now)
    return standing


def observe(session: Session, rule_id: str, body: Observe, *, by: Principal, now: datetime) -> Standing:
    """Let a rule run on in shadow."""
    return _set_status(session, rule_id, Status.SHADOW, body.reasons, by=by, now=now)


def set_aside(
    session: Session, standing: Standing, said: Mapping[str, Any], *, by: Principal, now: datetime
) -> dict[str, Any]:
    """Move a rule to shadow with what is to be journalled of it; returns the entry."""
    rule = tuned(standing.rule, {}, Status.SHADOW)
    keep(session, row_of(session, standing, Status.SHADOW, now))
    fact = _fact("rule.observed", "observe", standing, Status.SHADOW, _change(standing, rule) | dict(said))
    return record(session, rule.id, fact, by=by, now=now)


def keep(session: Session, row: RuleInForce) -> None:
    """Write how a rule stands over how it stood."""
    values = row.model_dump()
    upsert(session, RuleInForce, [values], lambda _table, fresh: {k: fresh[k] for k in values if k != "rule_id"})


def _set_status(
    session: Session, rule_id: str, status: Status, reasons: str, *, by: Principal, now: datetime
) -> Standing:
    _, standing = _of_owner(session, rule_id, by)
    if standing.rule.status is status:
        raise AlreadyDecided(Text(f"{rule_id} 已是此状态", f"{rule_id} stands so already"))
    if status is Status.SHADOW:
        set_aside(session, standing, {"reasons": reasons}, by=by, now=now)
    else:
        keep(session, row_of(session, standing, status, now))
        said = _change(standing, standing.rule) | {"reasons": reasons}
        record(session, rule_id, _fact("rule.retired", "retire", standing, status, said), by=by, now=now)
    return Standing(tuned(standing.rule, {}, status), standing.owner, standing.since_at)


def row_of(session: Session, standing: Standing, status: Status, now: datetime) -> RuleInForce:
    """Return how a rule stands with another status, as a row."""
    rule = standing.rule
    defaults = rulebook(session).versions[rule.id, rule.version]
    return RuleInForce(
        rule_id=rule.id,
        owner=standing.owner,
        version=rule.version,
        parameters=changed(defaults, rule.values()),
        status=status.value,
        since_at=standing.since_at or now,
        changed_at=now,
    )


def _of_owner(session: Session, rule_id: str, by: Principal) -> tuple[Rulebook, Standing]:
    book = _alone(session, rule_id)
    standing = book.find(rule_id)
    _require_owner(standing, by)
    return book, standing


def _require_owner(standing: Standing, by: Principal) -> None:
    require(by, "tune")
    if not by.is_system and by.agency != standing.owner:
        _refuse_actor(
            Text(
                f"由规则主管部门 {standing.owner} 的负责人或线索研判员办理",
                f"Done by the head or a clue officer of the rule's owner {standing.owner}",
            )
        )


def _refuse_actor(words: Text) -> None:
    raise NotYourStep(words, reasons=[{"code": "actor", "zh": words.zh, "en": words.en}])


def _alone(session: Session, rule_id: str) -> Rulebook:
    """Let others at the same rule wait, then read how the rules stand."""
    one_at_a_time(session, ref_of(rule_id))
    return rulebook(session)


def _proposal(session: Session, rule_id: str, proposal_id: UUID) -> RuleProposal:
    found = session.get(RuleProposal, proposal_id, populate_existing=True)
    if found is None or found.rule_id != rule_id:
        raise NotVisible(Text("没有这项提议", "There is no such proposal"))
    if found.state != "shadow":
        raise AlreadyDecided(Text("该提议已启用、撤回或失败", "This proposal was activated, withdrawn or failed"))
    return found


def decide(session: Session, proposal: RuleProposal, state: str, *, now: datetime) -> None:
    """Close a proposal that is open."""
    table = table_of(RuleProposal)
    open_one = (table.c.id == proposal.id) & (table.c.state == "shadow")
    session.execute(update(table).where(open_one).values(state=state, decided_at=now))


def _change(before: Standing, after: Rule) -> dict[str, Any]:
    """What changes between the set in force and another: each parameter with both values."""
    old, new = before.rule.values(), after.values()
    names = sorted({*old, *new})
    return {
        "from_version": before.rule.version,
        "version": after.version,
        "digest": digest_of(after),
        "parameters": {name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)},
    }


def _fact(kind: str, step: str, before: Standing, status: Status, said: Mapping[str, Any]) -> Fact:
    return Fact(kind, said, step=step, from_state=before.rule.status.value, to_state=status.value)


def record(session: Session, rule_id: str, fact: Fact, *, by: Principal, now: datetime) -> dict[str, Any]:
    """Write an entry on the chain of a rule and return it."""
    return chain(session, ref_of(rule_id), fact, journey_id=new_id(now), by=by, now=now)
