"""The referral room's worker: carries its deliveries and sealed files, and watches its clocks."""

from services.referral_service.main import SUBJECTS
from services.referral_service.sealed_files.working import turn
from shared.web.assembly import make_room
from shared.web.room_worker import work


def main() -> None:
    """Work until told to stop."""
    work(make_room("referral", SUBJECTS), chores=[turn])
