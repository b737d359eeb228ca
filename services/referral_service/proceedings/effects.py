"""What a step of one matter brings about in another of the same room, in the same transaction."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlmodel import Session

from services.referral_service.proceedings import supervised
from shared.identity import Principal
from shared.matters.models import Between

Effect = Callable[[Session, Between, Principal, datetime], None]

EFFECTS: Mapping[tuple[str, str], Effect] = {
    ("filing_supervision", "record_filing"): supervised.file_referral,
    ("filing_supervision", "record_filing_unasked"): supervised.file_referral,
}
"""Procedure and step -> what follows."""


def follow(session: Session, subject: Between, step_id: str, *, by: Principal, now: datetime) -> None:
    """Do what follows from a step, if anything does."""
    effect = EFFECTS.get((subject.procedure_id, step_id))
    if effect is not None:
        effect(session, subject, by, now)
