"""Try before you send: the transfer standards on facts, and a whole referral on what you hold. Nothing is stored."""

from typing import Any

from fastapi import APIRouter

from gateway.deps import ActingDep, RoomDep
from gateway.desk.models import Matter, ReferralTrial, Trial
from shared.clock import ZONE, today
from shared.errors import BodyInvalid, Text
from shared.rules.catalogue import NotInForce, UnknownEntry
from shared.rules.completeness import completeness
from shared.rules.procedures import Procedure, Situation
from shared.rules.requirements import Held
from shared.rules.standards import Fact, evaluate_all
from shared.web.problems import spoken
from shared.web.subject_routes import LanguageQuery

router = APIRouter(prefix="/v1", tags=["law"])


@router.post("/dry-run/standards")
def dry_run_standards(body: Matter, room: RoomDep, by: ActingDep, language: LanguageQuery = "zh") -> Trial:
    """Try the transfer standards on facts: met, not met, or unknown and what is lacking; nothing is stored."""
    facts = {name: Fact(name, fact.value, fact.unit, tuple(fact.evidence)) for name, fact in body.facts.items()}
    verdicts = evaluate_all(room.catalogue, facts, body.conduct_on, body.target)
    return Trial(
        conduct_on=body.conduct_on,
        catalogue=room.catalogue.digest,
        unknown_facts=sorted(set(facts) - set(room.catalogue.fields)),
        verdicts=[spoken(verdict, language) for verdict in verdicts],
    )


@router.post("/dry-run/referral")
def dry_run_referral(
    body: ReferralTrial, room: RoomDep, by: ActingDep, language: LanguageQuery = "zh"
) -> dict[str, Any]:
    """Try a whole referral: standards met and why, documents lacking, steps allowed, clocks that would start."""
    law, now = room.catalogue, room.clock().astimezone(ZONE)
    on = body.on or today(now)
    try:
        procedure = law.procedure(body.procedure, on=on)
    except (UnknownEntry, NotInForce) as unknown:
        known = sorted(one for one, versions in law.procedures.items() if versions[-1].subject == "referral")
        zh, en = f"{on} 没有现行程序 {body.procedure}", f"No procedure {body.procedure} is in force on {on}"
        raise BodyInvalid(Text(zh, en), known=known) from unknown
    facts = {name: Fact(name, fact.value, fact.unit, tuple(fact.evidence)) for name, fact in body.facts.items()}
    asked = Situation(
        relations=frozenset(body.relations),
        agency_kind=by.kind,
        roles=frozenset(body.roles) if body.roles is not None else by.roles,
        held=tuple(Held(one.document, f"#{place}", one.details) for place, one in enumerate(body.documents, 1)),
        conditions=body.conditions,
        facts=facts,
        verdicts=tuple(evaluate_all(law, facts, body.conduct_on or on)),
        fields={},
        on=on,
    )
    state = body.state or _first_state(procedure)
    if state not in procedure.states:
        words = Text(f"程序没有状态 {state}", f"The procedure has no state {state}")
        raise BodyInvalid(words, known=sorted(procedure.states))
    found = completeness(law, procedure, state, asked, calendar=room.calendar, now=now)
    answer: dict[str, Any] = spoken(found, language, is_whole=True)
    return answer | {"catalogue": law.digest, "on": on.isoformat()}


def _first_state(procedure: Procedure) -> str:
    """Return the state in which a subject of the procedure begins its life."""
    return next((step.to_state for step in procedure.initial_steps if step.to_state), procedure.initial)
