"""Alembic's entry for the case room."""

from services.case_service.cases.models import Case
from services.case_service.conferences.models import PARTS, Conference
from services.case_service.measures.models import Measure
from services.case_service.operations.models import PARTS as OPERATION_PARTS
from services.case_service.operations.models import Linkage, Operation
from services.case_service.visits.models import Visit
from shared.records.migrations import run_env

run_env([Case, Conference, Linkage, Measure, Operation, Visit, *PARTS, *OPERATION_PARTS])
