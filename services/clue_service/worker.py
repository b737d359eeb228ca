"""The clue room's worker: carries its deliveries, watches its clocks, and runs the rules over what came in."""

from threading import Event, Thread

from services.clue_service.detection.running import keep_detecting
from services.clue_service.readings.forgetting import forgetting
from services.clue_service.subjects import SUBJECTS
from shared.records.room import Room
from shared.starting import starting
from shared.web.assembly import make_room
from shared.web.room_worker import work
from shared.web.worker import stop_on_signals


def main() -> None:
    """Work until told to stop."""
    with starting():
        room = make_room("clue", SUBJECTS)
    work_and_detect(room, stop_on_signals())


def work_and_detect(room: Room, stop: Event) -> None:
    """Deliver, sweep, forget and detect until `stop` is set; a run of the rules that is under way is finished first."""
    detecting = Thread(target=keep_detecting, args=(room, stop), name="clue-detection")
    if room.settings.detect_seconds > 0:
        detecting.start()
    try:
        work(room, stop, [forgetting()])
    finally:
        stop.set()
        if detecting.is_alive():
            detecting.join()
