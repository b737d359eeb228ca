"""Identifiers: in the order of time, and of no other process."""

import os
from datetime import datetime, timedelta

from shared.clock import DRAWN, ZONE, new_id

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=ZONE)


def test_identifiers_are_of_version_seven_and_in_order_whatever_the_clock_says():
    instants = [NOW, NOW, NOW + timedelta(milliseconds=5), NOW - timedelta(hours=1), NOW] * DRAWN
    made = [new_id(at) for at in instants]
    assert made == sorted(made)
    assert len({one.int & (1 << 62) - 1 for one in made}) == len(made)
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}


def test_a_forked_process_draws_numbers_of_its_own():
    new_id(NOW)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, new_id(NOW).bytes)
        os._exit(0)
    os.waitpid(child, 0)
    theirs, mine = os.read(reading, 16), new_id(NOW).bytes
    os.close(reading)
    os.close(writing)
    assert theirs[8:] != mine[8:]
