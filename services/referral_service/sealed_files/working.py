"""The chore of the worker and of the command line: bring other desks up to date, take in what came."""

from sqlalchemy import update

from services.referral_service.sealed_files import incoming, outgoing
from services.referral_service.sealed_files.models import SealedFile
from shared.records.db import table_of
from shared.records.room import Room


def export(room: Room) -> int:
    """Write every file another desk is to have. Returns how many were written."""
    if not room.settings.sealed_routes:
        return 0
    with room.transaction() as session:
        outgoing.prepare(session, now=room.clock())
    return outgoing.write_pending(room)


def turn(room: Room) -> int:
    """Take in what came, then write what is to go, receipts among it. Returns how many files were dealt with."""
    if not room.settings.sealed_routes:
        return 0
    return incoming.take_in(room) + export(room)


def again(room: Room, message_id: str) -> int:
    """Write a file again whose copy was lost or spoilt. Returns how many there are of that message."""
    table = table_of(SealedFile)
    same = (table.c.direction == "out") & (table.c.message_id == message_id)
    with room.transaction() as session:
        found = session.execute(update(table).where(same).values(state="pending", since=room.clock(), reasons=[]))
        count = int(found.rowcount)  # type: ignore[attr-defined]  # a cursor result has it
    outgoing.write_pending(room)
    return count
