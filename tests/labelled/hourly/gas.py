"""Chimneys as they run: load with days and weeks, stops and starts, air that falls with load, emissions with memory."""

from datetime import datetime
from random import Random

from tests.labelled.hourly.carrier import Carrier, Span
from tests.labelled.noise import DAY, WEEK, clamp, daily, wander, weekend

INDUSTRIES = {"火电": 6.0, "供热锅炉": 9.0, "水泥": 10.0, "垃圾焚烧": 11.0}
"""Industry to reference oxygen in percent."""
LIMITS = {"NOx": (50.0, 200.0), "SO2": (35.0, 150.0), "PM": (10.0, 50.0)}
SHAPES = ("steady", "following", "shifts")


def chimney(name: str, start: datetime, count: int, chance: Random, quiet: Span) -> Carrier:
    """Make a gas outlet of `count` hours; nothing happens to it by itself inside `quiet`, except what is routine."""
    industry = chance.choice(list(INDUSTRIES))
    outlet = Carrier(name, "gas", industry, start, count, dict(LIMITS), chance, INDUSTRIES[industry], quiet=quiet)
    load = _load(outlet)
    stops = _stops(outlet)
    for stop in stops:
        for hour in stop:
            load[hour] = clamp(0.08 + chance.gauss(0, 0.01), 0.04, 0.12)
        for step, hour in enumerate(range(stop.last + 1, min(stop.last + 4, count))):
            load[hour] *= (0.35, 0.55, 0.8)[step]
    _plant(outlet, load)
    _emissions(outlet, load)
    for stop in stops:
        outlet.set_flag(stop, "F", 60.0)
        outlet.set_mark(stop, "停运", late=2.0)
        outlet.set_mark(Span(stop.last + 1, min(stop.last + 3, count - 1)), "启炉", late=1.0)
    _routine(outlet, stops)
    return outlet


def _load(outlet: Carrier) -> list[float]:
    shape = outlet.chance.choice(SHAPES)
    level = outlet.chance.uniform(0.78, 0.9)
    slow = wander(outlet.chance, outlet.count, 0.05, 0.97)
    fast = wander(outlet.chance, outlet.count, 0.025, 0.6)
    out = []
    for hour in range(outlet.count):
        wave = {"steady": 0.0, "following": 0.1 * daily(hour), "shifts": 0.08 if 7 <= hour % DAY < 22 else -0.12}[shape]
        rest = -0.06 if weekend(hour) and shape != "steady" else 0.0
        out.append(clamp(level + wave + rest + slow[hour] + fast[hour], 0.45, 1.08))
    return out


def _stops(outlet: Carrier) -> list[Span]:
    """Up to two stops of half a day to three days, never where something will be put."""
    out: list[Span] = []
    for _ in range(outlet.chance.choice((0, 1, 1, 2))):
        first = outlet.chance.randrange(WEEK, max(WEEK + 1, outlet.count - 96))
        stop = Span(first, first + outlet.chance.randint(12, 72))
        if not _meets(stop.wider(12), outlet.quiet) and not any(_meets(stop.wider(48), one) for one in out):
            out.append(stop)
    return sorted(out, key=lambda one: one.first)


def _meets(one: Span, other: Span) -> bool:
    return one.first <= other.last and other.first <= one.last


def _plant(outlet: Carrier, load: list[float]) -> None:
    """Power, flow, oxygen and temperature of that load."""
    chance, count = outlet.chance, outlet.count
    rated = chance.uniform(900, 6000)
    full_flow = rated * chance.uniform(30, 60)
    share = chance.uniform(0.04, 0.12)
    air = (outlet.std_o2 or 0) + chance.uniform(-0.5, 1.0)
    breath, fans, cell = (
        wander(chance, count, spread, memory) for spread, memory in ((0.03, 0.7), (0.03, 0.8), (0.25, 0.85))
    )
    for hour, now in enumerate(load):
        shared, running = outlet.shared, now >= 0.2
        shared["production_kw"][hour] = round(rated * now, 1)
        shared["flow"][hour] = round(full_flow * (now**0.85 * (1 + breath[hour]) if running else 0.03), 0)
        shared["treatment_kw"][hour] = round(
            rated * share * (0.25 + 0.75 * now if running else 0.1) * (1 + fans[hour]), 2
        )
        shared["o2"][hour] = round(clamp(air + 5 * (0.85 - now) + cell[hour], 2, 20.5) if running else 20.6, 2)
        shared["temp"][hour] = round(110 + 25 * now + 3 * breath[hour] if running else 45 + 5 * now, 1)


def _emissions(outlet: Carrier, load: list[float]) -> None:
    """Three pollutants with a common fuel, each its own scatter and dependence on load."""
    chance, count = outlet.chance, outlet.count
    fuel = wander(chance, count, 0.05, 0.99)
    for pollutant, slope, spread in (("NOx", 0.5, 0.09), ("SO2", 0.2, 0.13), ("PM", 0.3, 0.12)):
        level = outlet.limits[pollutant][0] * chance.uniform(0.52, 0.68)
        own = wander(chance, count, spread, 0.9)
        quick = wander(chance, count, 0.03, 0.2)
        values: list[float | None] = []
        for hour, now in enumerate(load):
            o2 = outlet.shared["o2"][hour]
            thin = clamp((21 - o2) / (21 - (outlet.std_o2 or 0)), 0.02, 1.5)
            shape = (now / 0.85) ** slope if now >= 0.2 else 0.2
            values.append(level * thin * shape * (1 + fuel[hour] + own[hour] + quick[hour]))
        outlet.report(pollutant, [max(0.0, one or 0.0) for one in values])


def _routine(outlet: Carrier, stops: list[Span]) -> None:
    """Weekly calibration by the machine, a monthly visit with its order, one fault, a thin loss of hours, an upset."""
    chance = outlet.chance
    for hour in range(chance.randrange(24, WEEK), outlet.count - 2, WEEK):
        if not any(hour in stop for stop in stops):
            span = Span(hour, hour)
            for pollutant, (_, scale) in outlet.limits.items():
                outlet.put(pollutant, hour, scale * 0.4 * (1 + chance.gauss(0, 0.01)))
            outlet.set_flag(span, "C", 20.0)
            outlet.set_mark(span, "校准", by="auto", late=0.0)
    for hour in range(chance.randrange(100, 500), outlet.count - 8, 720):
        if not _meets(Span(hour, hour + 3), outlet.quiet):
            _visit(outlet, Span(hour, hour + chance.randint(1, 2)))
    fault = chance.randrange(72, outlet.count - 24)
    if not _meets(Span(fault, fault + 8), outlet.quiet):
        span = Span(fault, fault + chance.randint(2, 5))
        outlet.set_flag(span, "D", 10.0)
        outlet.set_mark(span, "故障", by="auto", late=0.0)
    for hour in range(24, outlet.count):
        if chance.random() < 0.002 and hour not in outlet.quiet:
            outlet.lose(Span(hour, hour))
    upset = chance.randrange(72, outlet.count - 24)
    if not _meets(Span(upset, upset + 6), outlet.quiet.wider(24)):
        outlet.times(outlet.pollutants[0], Span(upset, upset + chance.randint(1, 3)), 1.9)


def _visit(outlet: Carrier, span: Span) -> None:
    """The maintenance contractor's monthly visit."""
    outlet.set_flag(span, "M", 15.0)
    outlet.set_mark(span, "维护", late=outlet.chance.uniform(0.5, 3))
    outlet.order(span.wider(1), "维护")
