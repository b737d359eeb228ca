"""The referral room's worker: carries its deliveries and sealed files, and watches its clocks."""

from services.referral_service.sealed_files.working import turn
from services.referral_service.subjects import SUBJECTS
from shared.starting import starting
from shared.web.assembly import make_room
from shared.web.room_worker import work


def main() -> None:
    """Work until told to stop."""
    with starting():
        room = make_room("referral", SUBJECTS)
    work(room, chores=[turn])
