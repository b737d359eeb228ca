"""Alembic's entry for the referral room."""

from services.referral_service.differences.models import CaseChange
from services.referral_service.documents.models import Document, Template
from services.referral_service.proceedings.models import Consultation, Supervision
from services.referral_service.receipts.models import Receipt
from services.referral_service.referrals.models import Referral
from services.referral_service.sealed_files.models import SealedFile
from shared.records.migrations import run_env

run_env([Referral, Supervision, Consultation, Document, Template, Receipt, SealedFile, CaseChange])
