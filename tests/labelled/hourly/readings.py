"""What is done to the readings themselves: R01 R02 R04 R06 R14 R15, and in waste water R05 R08.

Each act takes an outlet, the hour at which it begins and its strength (0 faint, 1 weak, 2 middle, 3 strong), and
returns where it was done. The numbers are a fraudster's, not the rules'.
"""

from dataclasses import dataclass

from tests.labelled.hourly.carrier import Carrier, Span
from tests.labelled.noise import DAY, WEEK, wander


@dataclass(frozen=True)
class Trace:
    """Where something was done, to which pollutant, and what in one word."""

    span: Span
    kind: str
    pollutant: str | None = None


def thinned(outlet: Carrier, at: int, level: int) -> Trace:
    """R01: a valve lets clean air into the sampling line; one analyser reads a fraction for days."""
    span = Span(at, at + (30, 30, 48, 70)[level])
    pollutant = outlet.pollutants[0]
    outlet.times(pollutant, span, (0.62, 0.45, 0.33, 0.16)[level])
    return Trace(span, "air into the sampling line", pollutant)


def retuned(outlet: Carrier, at: int, level: int) -> Trace:
    """R02: after the contractor's visit one analyser reads lower, and stays so."""
    visit = Span(at, at + 2)
    outlet.set_flag(visit, "M", 10.0)
    outlet.set_mark(visit, "维护", late=1.5)
    pollutant = outlet.pollutants[0]
    after = Span(at + 3, min(at + 3 + 20 * DAY, outlet.count - 1))
    outlet.times(pollutant, after, (0.86, 0.7, 0.56, 0.35)[level])
    return Trace(Span(visit.first, after.last), "retuned at a visit", pollutant)


def edited(outlet: Carrier, at: int, level: int) -> Trace:
    """R04: what leaves the logger is a share of what the analyser says; the strong form cuts at a line instead."""
    pollutant = outlet.pollutants[0]
    span = Span(at, at + (24, 40, 60, 90)[level])
    own = outlet.own[pollutant]
    limit = outlet.limits[pollutant][0]
    for hour in span:
        inst = own["inst_value"][hour]
        if inst is None:
            continue
        sent = min(inst * 0.86, limit * 0.45) if level == 3 else inst * (0.94, 0.87, 0.72)[level]
        own["value"][hour] = own["das_value"][hour] = round(sent, 2)
        own["zs_value"][hour] = outlet.converted(hour, sent)
    return Trace(span, "cut between analyser and logger" if level == 3 else "scaled behind the analyser", pollutant)


def replayed(outlet: Carrier, at: int, level: int) -> Trace:
    """R06: an earlier stretch is played again, the weaker the act the better it is disguised."""
    pollutant = outlet.pollutants[0]
    back = (7 * DAY, 7 * DAY, 3 * DAY, 2 * DAY)[level]
    span = Span(at, at + (18, 29, 40, 47)[level])
    for hour in span:
        blur = 1 + outlet.chance.gauss(0, (0.015, 0.003, 0.001, 0.0)[level])
        outlet.put(pollutant, hour, outlet.value(pollutant, hour - back) * blur)
    return Trace(span, "replayed", pollutant)


def frozen(outlet: Carrier, at: int, level: int) -> Trace:
    """R14: a reading that hardly moves, that does not move, that is zero."""
    pollutant = outlet.pollutants[0]
    span = Span(at, at + (20, 35, 24, 40)[level])
    held = outlet.value(pollutant, at)
    for hour in span:
        wobble = 1 + outlet.chance.uniform(-0.03, 0.03) * (1.0 if level == 0 else 0.13)
        outlet.put(pollutant, hour, (held * wobble, held * wobble, held, 0.0)[level])
    return Trace(span, ("moves less", "hardly moves", "constant", "zero")[level], pollutant)


def capped(outlet: Carrier, at: int, level: int) -> Trace:
    """R15: emissions above the limit, and software that never lets them show."""
    pollutant = outlet.pollutants[0]
    days = (4, 8, 12, 18)[level]
    span = Span(at, min(at + days * DAY, outlet.count - 1))
    limit = outlet.limits[pollutant][0]
    column = "zs_value" if outlet.own[pollutant]["zs_value"][at] is not None else "value"
    seen = [outlet.own[pollutant][column][hour] or 0.0 for hour in span]
    lift = (0.95, 0.98, 1.05, 1.15)[level] * limit / (sum(seen) / len(seen))
    for hour, before in zip(span, seen, strict=True):
        wanted = min(before * lift, limit * (0.975 + outlet.chance.uniform(-0.006, 0.006)))
        if before > 0:
            outlet.put(pollutant, hour, outlet.value(pollutant, hour) * wanted / before)
    return Trace(span, "capped under the limit", pollutant)


def swapped(outlet: Carrier, at: int, level: int) -> Trace:
    """R05: the probes hang in a bucket of cleaner water; everything they see is low and hardly moves."""
    span = Span(at, at + (5, 14, 26, 40)[level])
    share = (0.65, 0.5, 0.33, 0.12)[level]
    for pollutant in outlet.pollutants:
        usual = sum(outlet.value(pollutant, hour) for hour in range(at - WEEK, at)) / WEEK
        for hour in span:
            outlet.put(pollutant, hour, usual * share * (1 + outlet.chance.gauss(0, 0.01)))
    for name, spread in (("ph", 0.01), ("cond", 0.004)):
        bucket = outlet.shared[name][at]
        for hour in span:
            outlet.shared[name][hour] = round(bucket * (1 + outlet.chance.gauss(0, spread / 3)), 2)
    return Trace(span, "sample from a bucket")


def watered(outlet: Carrier, at: int, level: int) -> Trace:
    """R08: fresh water let into the channel before the sampling point."""
    span = Span(at, at + (8, 14, 24, 36)[level])
    times = (1.2, 1.45, 1.8, 2.4)[level]
    swing = wander(outlet.chance, span.last - span.first + 1, 0.03, 0.7)
    for step, hour in enumerate(span):
        now = times * (1 + swing[step])
        flow = outlet.shared["flow"][hour]
        outlet.shared["flow"][hour] = round(flow * now, 2)
        outlet.shared["water_in"][hour] = round(outlet.shared["water_in"][hour] + flow * (now - 1), 2)
        outlet.shared["cond"][hour] = round(outlet.shared["cond"][hour] / now * 1.05, 0)
        for pollutant in outlet.pollutants:
            outlet.put(pollutant, hour, outlet.value(pollutant, hour) / now)
    return Trace(span, "fresh water added")
