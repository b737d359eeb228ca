"""Alembic's entry for the case room."""

from services.case_service.cases.models import Case
from shared.records.migrations import run_env

run_env([Case])
