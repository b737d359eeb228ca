"""The gateway's worker: pushes events to partners and mails notices until told to stop."""

from threading import Event

from gateway.exchange import taking
from gateway.exchange.carriers import carriers, on_stopped
from gateway.exchange.guard import client
from shared.events import Event as Told
from shared.records import checkpoints
from shared.records.room import Room
from shared.web.assembly import make_room
from shared.web.room_worker import stamping, together
from shared.web.worker import run, stop_on_signals


def work(room: Room, stop: Event | None = None) -> None:
    """Deliver and close the days until told to stop; the gateway has no clocks to sweep."""
    with client(is_production=room.settings.environment == "production") as pushing:
        chores = together(closing, stamping())
        run(room, carriers(room, pushing), sweep=chores, stop=stop or stop_on_signals(), on_stopped=on_stopped)
    room.database.close()


def closing(room: Room) -> int:
    """Make the gateway's own checkpoints and pass them on at once."""
    return checkpoints.tend(room, publish=lambda session, event: taking.pass_on(session, Told.model_validate(event)))


def main() -> None:
    """Work with the settings of the environment."""
    work(make_room("gateway", {}))


if __name__ == "__main__":
    main()
