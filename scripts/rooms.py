"""A room opened by a command: its database and what it keeps chains of, without its routes."""

import importlib

from shared.clock import Clock, system_now
from shared.config import Settings
from shared.records.room import Room
from shared.rooms import ROOMS
from shared.web.assembly import make_room


def open_room(name: str, settings: Settings, clock: Clock = system_now) -> Room:
    """Return a room by its name: gateway, clue, case or referral."""
    return make_room(name, importlib.import_module(f"{ROOMS[name]}.subjects").SUBJECTS, settings, clock)
