"""Everything that can arrive in the case room."""

from services.case_service.cases import notes, progress
from services.case_service.operations import notes as operations
from services.case_service.visits import approved as visits
from shared.records import calendars
from shared.web.app import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    "clue.accepted": notes.open_from_clue,
    "referral.drafted": notes.note_drafted,
    "referral.refused": notes.note_refusal,
    "referral.sent": notes.note_sent,
    "referral.received": notes.note_receipt,
    "referral.correction_requested": notes.note_supplement_requested,
    "referral.supplement_requested": notes.note_supplement_requested,
    "referral.accepted": notes.note_outcome,
    "referral.declined": notes.note_outcome,
    "referral.returned": notes.note_outcome,
    "referral.withdrawn": notes.note_outcome,
    "referral.prosecuted": notes.note_criminal_result,
    "referral.concluded": notes.note_criminal_result,
    "reconsideration.decided": notes.note_outcome,
    "referral.progressed": progress.note_progress,
    "supervision.progressed": progress.note_progress,
    "clue.of_operation": operations.note_clue,
    "inspection.progressed": visits.note_visit,
    "calendar.changed": calendars.take,
}
