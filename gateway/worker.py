"""The gateway's worker: pushes events to partners and mails notices until told to stop."""

from threading import Event

import httpx

from gateway.exchange import taking
from gateway.exchange.carriers import carriers, on_stopped
from gateway.exchange.guard import client
from gateway.notices.following import follow_up
from gateway.notices.holding import send_held
from gateway.notices.passing import pass_on
from gateway.subjects import SUBJECTS
from shared.carriers.push import carrier
from shared.events import Event as Told
from shared.records import checkpoints
from shared.records.deliveries import Carrier
from shared.records.room import Room
from shared.signing import internal_key
from shared.starting import starting
from shared.web.assembly import make_room
from shared.web.room_worker import stamping, together
from shared.web.worker import run, stop_on_signals


def work(room: Room, stop: Event | None = None) -> None:
    """Deliver, tend the notices and close the days until told to stop; the gateway has no clocks to sweep."""
    outward = client(is_production=room.settings.environment == "production")
    with outward as pushing, httpx.Client(trust_env=False) as inner:
        ways = carriers(room, pushing) | {"room": to_rooms(room, inner)}
        chores = together(closing, stamping(), send_held, pass_on, follow_up)
        run(room, ways, sweep=chores, stop=stop or stop_on_signals(), on_stopped=on_stopped)
    room.database.close()


def to_rooms(room: Room, client: httpx.Client) -> Carrier:
    """Return the carrier to the rooms behind the gateway."""
    keys = [internal_key(room.settings.internal_secret)]
    return carrier(client, lambda parcel: (f"{room.settings.room_url(parcel.receiver)}/internal/events", keys))


def closing(room: Room) -> int:
    """Make the gateway's own checkpoints and pass them on at once."""
    return checkpoints.tend(room, publish=lambda session, event: taking.pass_on(session, Told.model_validate(event)))


def main() -> None:
    """Work with the settings of the environment."""
    with starting():
        room = make_room("gateway", SUBJECTS)
    work(room)


if __name__ == "__main__":
    main()
