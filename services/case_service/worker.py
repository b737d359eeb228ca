"""The case room's worker: carries its deliveries and sealed files, and watches its clocks."""

from services.case_service.conferences.sealed.incoming import turn
from services.case_service.subjects import SUBJECTS
from shared.starting import starting
from shared.web.assembly import make_room
from shared.web.room_worker import work


def main() -> None:
    """Work until told to stop."""
    with starting():
        room = make_room("case", SUBJECTS)
    work(room, chores=[turn])
