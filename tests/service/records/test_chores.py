"""What a worker does beside delivering: one chore that fails is recorded and stops none of the others."""

from shared.records.room import Room
from shared.web.room_worker import together
from tests.desk import Desk


def test_a_chore_that_fails_stops_none_of_the_others(desk: Desk):
    done: list[str] = []

    def broken(_room: Room) -> int:
        raise ValueError("a folder that is not there")

    def sound(room: Room) -> int:
        done.append(room.name)
        return 2

    assert together(broken, sound, broken, sound)(desk.rooms["clue"]) == 4
    assert done == ["clue", "clue"]
