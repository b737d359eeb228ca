"""Matters between agencies in this room: their steps bind manifests, answer with receipts and have effects."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session

from services.referral_service.proceedings import effects
from services.referral_service.receipts import commands as receipts
from shared.identity import Principal
from shared.matters import commands
from shared.matters.bodies import Open, Take
from shared.matters.commands import Habits
from shared.matters.models import Between
from shared.records.perform import perform
from shared.rules.procedure_entries import Step

T = TypeVar("T", bound=Between)


def open_matter(session: Session, model: type[T], body: Open, *, by: Principal, now: datetime) -> T:
    """Open a matter: its procedure is pinned, its parties are found, its first step is taken."""
    return commands.open_matter(session, model, body, by=by, now=now, habits=HABITS)


def take(
    session: Session, model: type[T], subject_id: UUID, step_id: str, body: Take, *, by: Principal, now: datetime
) -> T:
    """Take a step of a procedure that is data alone."""
    return commands.take(session, model, subject_id, step_id, body, by=by, now=now, habits=HABITS)


def _before(
    session: Session, matter: Between, step: Step, stated: Mapping[str, Any], by: Principal, now: datetime
) -> None:
    """Refuse an answer bound to another manifest than the one handed over."""
    written = {"step": step.id, "manifest": None, **stated}
    digest = stated.get("manifest_digest")
    receipts.check_bound(
        session, matter, digest, lambda: perform(session, matter, step.id, written, by=by, now=now), by=by, now=now
    )


def _after(
    session: Session, matter: Between, step: Step, stated: Mapping[str, Any], by: Principal, now: datetime
) -> None:
    """Do what follows in other matters of the room, and issue the receipts the step calls for."""
    effects.follow(session, matter, step.id, by=by, now=now)
    if matter.version > 1:
        receipts.follow(session, matter, stated, by=by, now=now)


HABITS = Habits(_before, _after)
