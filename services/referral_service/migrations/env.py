"""Alembic's entry for the referral room."""

from services.referral_service.proceedings.models import Consultation, Supervision
from services.referral_service.referrals.models import Referral
from shared.records.migrations import run_env

run_env([Referral, Supervision, Consultation])
