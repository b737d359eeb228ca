"""Which steps are allowed now, and if not, why not and what to do: answers, never errors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from shared.rules.entries import Cite
from shared.rules.guards import holds
from shared.rules.predicates import MANUAL_JUDGEMENT, Fact
from shared.rules.procedure_entries import Actor, Clock, Guard, Procedure, State, Step
from shared.rules.requirements import Gap, Held, missing
from shared.rules.standards import Verdict

if TYPE_CHECKING:
    from shared.rules.catalogue import Catalogue

__all__ = [
    "Actor",
    "Clock",
    "Guard",
    "Procedure",
    "Reason",
    "Situation",
    "State",
    "Step",
    "StepVerdict",
    "allowed_steps",
    "may",
    "rests_on_actor",
]

ReasonKind = Literal["state", "actor", "document", "fact", "standard", "guard", "clock"]


@dataclass(frozen=True, slots=True)
class Situation:
    """Who asks, and what is known: `relations` of the actor's agency to the subject, documents held, conditions known
    to hold or not, facts, verdicts on them, clocks by term id, and the subject's fields with the body laid over."""

    relations: frozenset[str]
    agency_kind: str
    roles: frozenset[str]
    held: tuple[Held, ...] = ()
    conditions: Mapping[str, bool] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    open_clocks: frozenset[str] = frozenset()
    paused_clocks: frozenset[str] = frozenset()
    lapsed_clocks: frozenset[str] = frozenset()
    fields: Mapping[str, Any] = field(default_factory=dict)
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step is refused, under which article, and what the officer can do."""

    code: str
    zh: str
    en: str
    cite: Cite | None
    what_next_zh: str
    what_next_en: str
    kind: ReasonKind
    details: tuple[Gap | Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """Whether one step is allowed now, all reasons against it, and the clocks it would move."""

    step_id: str
    allowed: bool
    reasons: tuple[Reason, ...]
    clocks: tuple[Clock, ...]


def allowed_steps(
    procedure: Procedure, state: str, situation: Situation, *, catalogue: "Catalogue | None" = None
) -> tuple[StepVerdict, ...]:
    """A verdict on every step that leads on from this state, allowed or not, in the order of the procedure."""
    here = (step for step in procedure.steps.values() if state in step.from_states)
    return tuple(may(procedure, step.id, state, situation, catalogue=catalogue) for step in here)


def may(
    procedure: Procedure, step_id: str, state: str, situation: Situation, *, catalogue: "Catalogue | None" = None
) -> StepVerdict:
    """Whether this step may be taken now; an unknown step or state is a refusal, not an error.

    `catalogue` supplies the document lists (None: the packaged law).
    """
    step = procedure.steps.get(step_id)
    if step is None:
        zh, en = f"程序《{procedure.name_zh}》没有步骤 {step_id}", f"{procedure.name_en} has no step {step_id}"
        reason = Reason(
            "unknown_step", zh, en, procedure.cite, "查看可办理的步骤", "look at the steps allowed", "state"
        )
        return StepVerdict(step_id, False, (reason,), ())
    reasons = tuple(_objections(procedure, step, state, situation, catalogue))
    return StepVerdict(step.id, not reasons, reasons, step.clocks)


def _objections(
    procedure: Procedure, step: Step, state: str, situation: Situation, catalogue: "Catalogue | None"
) -> Iterator[Reason]:
    yield from _against_state(procedure, step, state)
    yield from _against_actor(step, situation, catalogue)
    yield from _against_fields(step, situation)
    yield from _against_documents(step, situation, catalogue)
    yield from _against_facts(step, situation)
    yield from _against_standards(step, situation)
    for guard in step.guards:
        if not holds(guard, situation, state):
            kind: ReasonKind = "clock" if guard.check.startswith("clock") else "guard"
            cite = guard.cite or step.cite
            yield Reason(
                f"guard_{guard.subject}", guard.zh, guard.en, cite, guard.what_next_zh, guard.what_next_en, kind
            )


def _against_state(procedure: Procedure, step: Step, state: str) -> Iterator[Reason]:
    if state in step.from_states:
        return
    here = procedure.states.get(state)
    here_zh, here_en = (here.name_zh, here.name_en) if here else (state, state)
    from_zh = "、".join(procedure.states[name].name_zh for name in step.from_states)
    from_en = ", ".join(procedure.states[name].name_en for name in step.from_states)
    yield Reason(
        "wrong_state",
        f"当前状态为“{here_zh}”,不能“{step.name_zh}”",
        f"'{step.name_en}' cannot be taken from '{here_en}'",
        step.cite,
        f"该步骤须在以下状态办理:{from_zh}",
        f"this step is taken from: {from_en}",
        "state",
    )


def _against_actor(step: Step, situation: Situation, catalogue: "Catalogue | None") -> Iterator[Reason]:
    if any(_is_actor(actor, situation, catalogue) for actor in step.by):
        return
    wanted = "; ".join(_actor_words(actor) for actor in step.by)
    yield Reason(
        "wrong_actor",
        f"您的机关或角色不能“{step.name_zh}”",
        f"your agency or role may not take '{step.name_en}'",
        step.cite,
        f"由有权人员办理({wanted})",
        f"it is taken by: {wanted}",
        "actor",
    )


def _is_actor(actor: Actor, situation: Situation, catalogue: "Catalogue | None") -> bool:
    if actor.relation not in situation.relations:
        return False
    if actor.agency_kind is not None and actor.agency_kind != situation.agency_kind:
        return False
    if actor.roles:
        return not situation.roles.isdisjoint(actor.roles)
    roles = (catalogue or _packaged()).roles
    return not situation.roles or any(roles[name].acts for name in situation.roles if name in roles)


def _actor_words(actor: Actor) -> str:
    return " ".join(part for part in (actor.relation, actor.agency_kind or "", "/".join(actor.roles)) if part)


def rests_on_actor(step: Step, fields: Mapping[str, Any]) -> bool:
    """Whether a verdict on a step with these fields rests on nothing but who acts and in which state it is asked."""
    asks_more = step.guards or step.documents or step.requirement_set or step.facts_required or step.standards_required
    return not asks_more and not any(_is_empty(fields.get(name)) for name in step.required_fields)


def _is_empty(value: Any) -> bool:
    return value in (None, "", [], ())


def _against_fields(step: Step, situation: Situation) -> Iterator[Reason]:
    for name in step.required_fields:
        if _is_empty(situation.fields.get(name)):
            yield Reason(
                f"field_missing_{name}",
                f"“{step.name_zh}”须填写 {name}",
                f"'{step.name_en}' needs {name}",
                step.cite,
                f"填写 {name} 后再办理",
                f"fill in {name} and try again",
                "guard",
            )


def _against_documents(step: Step, situation: Situation, catalogue: "Catalogue | None") -> Iterator[Reason]:
    gaps = [gap for gap in _gaps(step, situation, catalogue) if gap.blocking]
    if gaps:
        yield Reason(
            "documents_missing",
            ";".join(gap.zh for gap in gaps),
            "; ".join(gap.en for gap in gaps),
            gaps[0].cite,
            "补充上述材料后再办理",
            "add these documents and try again",
            "document",
            tuple(gaps),
        )


def _gaps(step: Step, situation: Situation, catalogue: "Catalogue | None") -> Iterator[Gap]:
    if step.requirement_set is None and not step.documents:
        return
    law = catalogue or _packaged()
    if step.requirement_set is not None:
        required = law.requirement_set(step.requirement_set, on=situation.on)
        yield from missing(required, situation.held, conditions=situation.conditions, stage=step.stage)
    held = {piece.document_id for piece in situation.held}
    for document_id in step.documents:
        if document_id not in held:
            document = law.document(document_id)
            names = (document.id, document.name_zh, document.name_en)
            yield Gap(*names, "missing", "mandatory", document.cite, verified=document.verified)


def _against_facts(step: Step, situation: Situation) -> Iterator[Reason]:
    lacking = [name for name in step.facts_required if name not in situation.facts]
    if lacking:
        names = ", ".join(lacking)
        yield Reason(
            "facts_missing",
            f"缺少事实:{names}",
            f"facts not known: {names}",
            step.cite,
            "登记上述事实及其证据",
            "record these facts with their evidence",
            "fact",
        )


def _against_standards(step: Step, situation: Situation) -> Iterator[Reason]:
    if step.standards_required is None:
        return
    target = step.standards_required.partition(":")[2]
    judged = situation.facts.get(MANUAL_JUDGEMENT)
    candidates = [verdict for verdict in situation.verdicts if target in (verdict.category, verdict.target_agency)]
    grounds = [verdict for verdict in candidates if verdict.kind == "ground"]
    if any(_decides(verdict, judged) for verdict in grounds) or (judged is not None and judged.value is True):
        return
    near = tuple(verdict for verdict in grounds if verdict.outcome == "unknown" and verdict.facts_used)
    yield Reason(
        "no_standard_met",
        "没有任何一项移送标准经事实证明已达到,也没有书面法律判断",
        "no transfer standard is shown to be met by the facts, and there is no written legal judgement",
        step.cite,
        "补充事实,或者登记书面法律判断(manual_legal_judgement)",
        "add facts, or record a written legal judgement (manual_legal_judgement)",
        "standard",
        near,
    )


def _decides(verdict: Verdict, judged: Fact | None) -> bool:
    """Whether a ground carries a step: met by an enforceable text, or met and named by a written legal judgement."""
    named = judged.value if judged is not None and isinstance(judged.value, list | tuple) else ()
    return verdict.outcome == "met" and (verdict.enforceable or verdict.standard_id in named)


def _packaged() -> "Catalogue":
    from shared.rules.catalogue import default

    return default()
