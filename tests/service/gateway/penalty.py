"""What the case room answers of a penalty whose fine was paid late, and of a measure taken in the case."""

from tests.service.gateway.serving import Respond, json_answer

JOURNEY = "01a20969-b16a-7496-bec5-696012f05776"
NAMES = (
    "limitation_ends_on hearing_request_by hearing_notice_by deemed_served_on payment_due_on remedies_end_on "
    "fine_yuan paid_yuan offset_yuan unpaid_yuan surcharge limitation_zh limitation_en is_time_barred"
)
LATE = {"due_on": "2026-12-29", "through": "2027-01-04", "days": 6, "uncounted_days": 0, "percent_a_day": 3}
LATE |= {"yuan": "18000", "is_capped": False, "cite_zh": "《行政处罚法》第七十二条", "cite_en": "art. 72"}
FIGURES = dict.fromkeys(NAMES.split()) | {"payment_due_on": "2026-12-29", "fine_yuan": 100000, "surcharge": LATE}
MEASURE = {"id": JOURNEY, "title": "封泵", "procedure_zh": "查封、扣押", "procedure_en": "Sealing"}
MEASURE |= {"state_zh": "查封、扣押中", "state_en": "In force", "is_ended": False}


def of_case(base: str) -> dict[str, Respond]:
    """Return the answers by path."""
    return {f"{base}/figures": json_answer(FIGURES), f"{base}/measures": json_answer([MEASURE])}
