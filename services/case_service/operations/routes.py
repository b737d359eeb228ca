"""Joint operations and linked matters over HTTP."""

from services.case_service.operations.models import Linkage, Operation
from shared.matters.models import BetweenView
from shared.matters.routes import matter_routes, with_reads

ROUTERS = (
    with_reads(matter_routes(Operation, BetweenView, prefix="/v1/operations"), Operation, BetweenView),
    with_reads(matter_routes(Linkage, BetweenView, prefix="/v1/linkages"), Linkage, BetweenView),
)
