"""What the case room keeps chains of: each kind of subject and its table."""

from services.case_service.cases.models import Case
from services.case_service.conferences.models import Conference
from services.case_service.measures.models import Measure
from services.case_service.operations.models import Linkage, Operation
from shared.records.db import Row

SUBJECTS: dict[str, type[Row]] = {
    "case": Case,
    "conference": Conference,
    "measure": Measure,
    "operation": Operation,
    "linkage": Linkage,
}
