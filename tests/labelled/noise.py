"""Chance with memory: what makes a made-up series look like a measured one. Standard library only, seeded by name."""

import math
from datetime import datetime
from random import Random

START = datetime(2026, 3, 2)  # noqa: DTZ001  the tables hold local wall time; a Monday
DAY, WEEK = 24, 168


def dice(seed: int, name: str) -> Random:
    """Return the chance of one series; the same seed and name give the same numbers on every machine."""
    return Random(f"{seed}/{name}")


def wander(chance: Random, count: int, spread: float, memory: float) -> list[float]:
    """A first-order autoregressive series around 0: standard deviation `spread`, lag-1 correlation `memory`."""
    step = spread * math.sqrt(1 - memory * memory)
    now, out = chance.gauss(0, spread), []
    for _ in range(count):
        now = memory * now + chance.gauss(0, step)
        out.append(now)
    return out


def daily(hour: int, peak: int = 14) -> float:
    """A wave of one day between -1 and 1, highest at `peak` o'clock."""
    return math.cos((hour % DAY - peak) / DAY * 2 * math.pi)


def weekend(hour: int) -> bool:
    """Whether this hour, counted from START, lies on a Saturday or Sunday."""
    return hour % WEEK >= 5 * DAY


def clamp(value: float, low: float, high: float) -> float:
    """`value`, held between two bounds."""
    return max(low, min(high, value))
