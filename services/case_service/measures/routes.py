"""Measures over HTTP."""

from services.case_service.measures.models import Measure
from shared.matters.models import BetweenView
from shared.matters.routes import matter_routes, with_reads

router = with_reads(matter_routes(Measure, BetweenView, prefix="/v1/measures"), Measure, BetweenView)
