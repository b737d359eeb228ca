"""Measures over HTTP."""

from services.case_service.measures import commands
from services.case_service.measures.models import Measure
from services.case_service.visits.approved import check_site_record
from shared.matters.models import BetweenView
from shared.matters.routes import Doors, matter_routes, with_reads

DOORS = Doors(open_matter=commands.open_measure, take=commands.take)
router = with_reads(
    matter_routes(Measure, BetweenView, prefix="/v1/measures", doors=DOORS),
    Measure,
    BetweenView,
    check=check_site_record,
)
