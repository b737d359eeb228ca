"""Everything that can arrive in the referral room from other rooms."""

from services.referral_service.differences.commands import note_changes
from services.referral_service.proceedings.resolved import open_resolved, open_serious
from services.referral_service.receipts.notes import note_delivered
from services.referral_service.referrals import notes
from shared.records import calendars
from shared.web.app import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    "message.delivered": note_delivered,
    "case.referral_requested": notes.draft_from_case,
    "case.supplemented": notes.supplemented,
    "case.facts_changed": note_changes,
    "conference.resolved": open_resolved,
    "case.turned_serious": open_serious,
    "calendar.changed": calendars.take,
}
