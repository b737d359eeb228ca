"""Asking the referral room for a matter between agencies; what its procedure would refuse is refused here, before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from services.case_service.cases.models import Case
from shared.clock import today
from shared.errors import NotYourStep, Text
from shared.identity import Principal
from shared.matters import stating
from shared.records import parties
from shared.records.room import room_of

CASE = {"title", "summary", "division", "enterprise_id", "enterprise_name"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A matter: its procedure, who takes part besides those it finds itself, what its first step states, and which
    steps follow at once."""

    procedure_id: str
    parties: Mapping[str, Sequence[str]]
    stated: Mapping[str, Any]
    then: tuple[str, ...] = ()


def matter(session: Session, case: Case, wanted: Wanted, *, by: Principal, now: datetime) -> dict[str, Any]:
    """Return what the referral room is told to open. Raises NotYourStep or BodyInvalid as that room would."""
    room = room_of(session)
    procedure = room.catalogue.procedure(wanted.procedure_id, on=today(now))
    step = procedure.initial_steps[0]
    allowed = [one for one in step.by if one.relation == "owner" and one.agency_kind in (None, by.kind)]
    if not any(not one.roles or by.roles & set(one.roles) for one in allowed):
        words = Text(f"您的机关或角色不能启动《{procedure.name_zh}》", f"You may not begin '{procedure.name_en}'")
        raise NotYourStep(words, procedure=wanted.procedure_id)
    stating.read(room, procedure, step, wanted.stated, now=now)
    owner = room.catalogue.agencies[case.owner]
    named = {name: list(ids) for name, ids in wanted.parties.items()}
    return case.model_dump(include=CASE) | {
        "kind": procedure.subject,
        "procedure": wanted.procedure_id,
        "about": case.ref,
        "journey_id": str(case.journey_id),
        "conduct_on": case.conduct_on.isoformat() if case.conduct_on else None,
        "parties": parties.named(room, procedure, owner, named),
        "stated": dict(wanted.stated),
        "then": list(wanted.then),
        "by": {"agency": by.agency, "kind": by.kind, "actor": by.actor, "roles": sorted(by.roles), "name": by.name},
    }
