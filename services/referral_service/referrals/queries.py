"""Reads of referrals."""

from uuid import UUID

from sqlmodel import Session

from services.referral_service.referrals.models import Referral
from shared.errors import StepRefused, Text
from shared.identity import Principal
from shared.records.db import visible
from shared.records.room import room_of


def referral(session: Session, referral_id: UUID, *, seen_by: Principal) -> Referral:
    """Return a police referral, for a command of its own. Raises NotVisible, or StepRefused for any other procedure."""
    found = visible(session, Referral, referral_id, by=seen_by)
    procedure = room_of(session).catalogue.procedure_version(found.procedure_id, found.procedure_version)
    if procedure.parties:
        zh = f"《{procedure.name_zh}》的步骤请经 /steps/<步骤> 或 partner.step 办理"
        en = f"Steps of '{procedure.name_en}' are taken through /steps/{{step}} or partner.step"
        raise StepRefused(Text(zh, en), procedure=procedure.id)
    return found
