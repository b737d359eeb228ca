"""What the referral room keeps chains of: each kind of subject and its table."""

from services.referral_service.proceedings.models import Consultation, Supervision
from services.referral_service.referrals.models import Referral
from shared.records.db import Row

SUBJECTS: dict[str, type[Row]] = {"referral": Referral, "supervision": Supervision, "consultation": Consultation}
