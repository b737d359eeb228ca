"""Waste-water outlets as they run: flow that follows production, salt and organic load, rain, and batch outlets."""

from datetime import datetime, timedelta
from random import Random

from tests.labelled.hourly.carrier import Carrier, Span
from tests.labelled.noise import START, WEEK, clamp, daily, wander, weekend

INDUSTRIES = ("印染", "造纸", "化工", "电镀", "食品")
LIMITS = {"COD": (60.0, 300.0), "NH3N": (8.0, 30.0), "TP": (0.5, 3.0)}
STEPS = 6
"""Ten-minute steps of an hour."""


def showers(count: int, chance: Random) -> list[float]:
    """Hourly rain in mm: some days with a few hours each."""
    rain = [0.0] * count
    hour = chance.randrange(40, 120)
    while hour < count:
        for step in range(chance.randint(2, 9)):
            if hour + step < count:
                rain[hour + step] = round(chance.expovariate(0.45), 1)
        hour += chance.randrange(60, 260)
    return rain


def works(name: str, rain: list[float], chance: Random, quiet: Span, *, combined: bool) -> Carrier:
    """Make a waste-water outlet; with `combined` it also drains the rain of the yard."""
    industry = chance.choice(INDUSTRIES)
    outlet = Carrier(
        name, "water", industry, START, len(rain), dict(LIMITS), chance, combined_rain=combined, quiet=quiet
    )
    fill(outlet, rain)
    return outlet


def fill(outlet: Carrier, rain: list[float]) -> None:
    """Fill an outlet's hours, its drainage as it says."""
    chance, count = outlet.chance, outlet.count
    level = chance.uniform(0.75, 0.9)
    slow, quick = wander(chance, count, 0.05, 0.97), wander(chance, count, 0.03, 0.5)
    load = [
        clamp(level + 0.08 * daily(hour) - (0.05 if weekend(hour) else 0) + slow[hour] + quick[hour], 0.4, 1.1)
        for hour in range(count)
    ]
    extra = _drained(outlet, rain)
    _plant(outlet, load, extra)
    _quality(outlet, load, extra)
    _routine(outlet)


def _drained(outlet: Carrier, rain: list[float]) -> list[float]:
    """Rain water as a share of the usual flow, running off over half a day."""
    if not outlet.combined_rain:
        return [0.0] * outlet.count
    stored, out = 0.0, []
    for fallen in rain:
        stored += fallen * 0.12
        out.append(stored * 0.22)
        stored *= 0.78
    return out


def _plant(outlet: Carrier, load: list[float], extra: list[float]) -> None:
    chance, count = outlet.chance, outlet.count
    rated, full = chance.uniform(300, 2500), chance.uniform(25, 220)
    share = chance.uniform(0.12, 0.3)
    salt = chance.uniform(1500, 4500)
    pump, blower, brine = (
        wander(chance, count, spread, memory) for spread, memory in ((0.05, 0.6), (0.03, 0.8), (0.04, 0.95))
    )
    acid, warmth = wander(chance, count, 0.12, 0.9), wander(chance, count, 1.5, 0.99)
    shared = outlet.shared
    for hour, now in enumerate(load):
        process = full * now * (1 + pump[hour])
        shared["production_kw"][hour] = round(rated * now, 1)
        shared["treatment_kw"][hour] = round(rated * share * (0.4 + 0.6 * now) * (1 + blower[hour]), 2)
        shared["flow"][hour] = round(process + full * extra[hour], 2)
        shared["water_in"][hour] = round(process * 1.15, 2)
        shared["cond"][hour] = round(salt * (1 + brine[hour]) / (1 + extra[hour] / now), 0)
        shared["ph"][hour] = round(7.6 + acid[hour], 2)
        shared["temp"][hour] = round(22 + 2 * daily(hour) + warmth[hour], 1)


def _quality(outlet: Carrier, load: list[float], extra: list[float]) -> None:
    chance, count = outlet.chance, outlet.count
    biology = wander(chance, count, 0.06, 0.98)
    for pollutant, spread in (("COD", 0.09), ("NH3N", 0.12), ("TP", 0.1)):
        level = outlet.limits[pollutant][0] * chance.uniform(0.45, 0.65)
        own, quick = wander(chance, count, spread, 0.88), wander(chance, count, 0.04, 0.2)
        values: list[float | None] = [
            max(0.01, level * (1 + biology[hour] + own[hour] + quick[hour]) / (1 + extra[hour] / load[hour]))
            for hour in range(count)
        ]
        outlet.report(pollutant, values)


def _routine(outlet: Carrier) -> None:
    """A standard checked every week under flag C, a monthly visit with its order, a thin loss of hours."""
    chance = outlet.chance
    for hour in range(chance.randrange(24, WEEK), outlet.count - 2, WEEK):
        for pollutant, (_, scale) in outlet.limits.items():
            outlet.put(pollutant, hour, scale * 0.5 * (1 + chance.gauss(0, 0.01)))
        outlet.set_flag(Span(hour, hour), "C", 20.0)
        outlet.set_mark(Span(hour, hour), "校准", by="auto", late=0.0)
    for hour in range(chance.randrange(100, 500), outlet.count - 8, 720):
        span = Span(hour, hour + chance.randint(1, 2))
        if not any(one in outlet.quiet for one in span):
            outlet.set_flag(span, "M", 15.0)
            outlet.set_mark(span, "维护", late=chance.uniform(0.5, 3))
            outlet.order(span.wider(1), "维护")
    for hour in range(24, outlet.count):
        if chance.random() < 0.002 and hour not in outlet.quiet:
            outlet.lose(Span(hour, hour))


def batches(count: int, chance: Random) -> list[tuple[datetime, float, bool]]:
    """Ten-minute rows (time, flow m³/h, sampler working) of a batch outlet.

    The sampler draws ten minutes every two hours; the tank is let out when it is full, whenever that is.
    """
    full, clock = chance.uniform(30, 90), chance.randrange(2 * STEPS)
    rows, step, running = [], 0, chance.randint(6, 40)
    open_now = False
    while step < count * STEPS:
        if running == 0:
            open_now = not open_now
            running = chance.randint(5, 16) if open_now else chance.randint(12, 40)
        flow = round(full * (1 + chance.gauss(0, 0.06)), 1) if open_now else 0.0
        rows.append((START + timedelta(minutes=10 * step), flow, (step + clock) % (2 * STEPS) == 0))
        step, running = step + 1, running - 1
    return rows
