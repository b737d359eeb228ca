"""The gateway's worker: pushes events to partners and mails notices until told to stop."""

from threading import Event

from gateway.exchange.carriers import carriers, on_stopped
from gateway.exchange.guard import client
from shared.records.room import Room
from shared.web.assembly import make_room
from shared.web.worker import run, stop_on_signals


def work(room: Room, stop: Event | None = None) -> None:
    """Deliver until told to stop; the gateway has no clocks to sweep."""
    with client(is_production=room.settings.environment == "production") as pushing:
        run(room, carriers(room, pushing), sweep=None, stop=stop or stop_on_signals(), on_stopped=on_stopped)
    room.database.close()


def main() -> None:
    """Work with the settings of the environment."""
    work(make_room("gateway", {}))


if __name__ == "__main__":
    main()
