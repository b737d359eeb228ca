"""What is done to parameters, marks, plant and line: R03 R07 R09 R10 R11 R16 R18. Acts as in `readings`."""

from tests.labelled.hourly.carrier import Carrier, Span
from tests.labelled.hourly.readings import Trace
from tests.labelled.noise import DAY


def reset(outlet: Carrier, at: int, level: int) -> Trace:
    """R03: the slope turned down, with no visit on record; the values follow. The weak form moves the range."""
    pollutant = outlet.pollutants[0]
    scale = outlet.limits[pollutant][1]
    span = Span(at, at + 6 * DAY)
    factor = (0.94, 0.7, 0.8, 0.55)[level]
    if level == 1:
        outlet.change(at, pollutant, "i13001", (scale, scale * factor))
    else:
        outlet.change(at, pollutant, "i13008", (1.0, factor))
    outlet.times(pollutant, Span(at + 1, span.last), factor)
    return Trace(span, "range moved" if level == 1 else "slope turned down", pollutant)


def aired(outlet: Carrier, at: int, level: int) -> Trace:
    """R07: air blown in ahead of the probe: oxygen up, concentration down by the same air, flow up a little."""
    span = Span(at, at + (12, 24, 36, 60)[level])
    lift = (1.3, 2.6, 3.8, 5.5)[level]
    for hour in span:
        before = outlet.shared["o2"][hour]
        after = min(19.5, before + lift * (1 + outlet.chance.gauss(0, 0.06)))
        outlet.shared["o2"][hour] = round(after, 2)
        for pollutant in outlet.pollutants:
            outlet.put(pollutant, hour, outlet.value(pollutant, hour) * (21 - after) / (21 - before))
    return Trace(span, "air before the probe")


def misconverted(outlet: Carrier, at: int, level: int) -> Trace:
    """R07: the conversion to reference oxygen is done with a false oxygen."""
    span = Span(at, at + (12, 24, 36, 60)[level])
    for columns in outlet.own.values():
        for hour in span:
            if columns["zs_value"][hour] is not None:
                columns["zs_value"][hour] = round(columns["zs_value"][hour] * (0.94, 0.84, 0.7, 0.5)[level], 2)
    return Trace(span, "converted with a false oxygen")


def sham_stop(outlet: Carrier, at: int, level: int) -> Trace:
    """R09: marked as stopped the next morning, while the plant runs on."""
    span = Span(at, at + (1, 4, 10, 30)[level])
    outlet.set_mark(span, "停运", late=8.0)
    for hour in span:
        share = (0.65, 0.65, 0.85, 1.0)[level]
        outlet.shared["production_kw"][hour] = round(outlet.shared["production_kw"][hour] * share, 1)
        outlet.shared["flow"][hour] = round(outlet.shared["flow"][hour] * share, 1)
    return Trace(span, "marked stopped while running")


def excused(outlet: Carrier, at: int, level: int) -> Trace:
    """R10: every exceedance of a fortnight is marked as maintenance or fault half a day afterwards."""
    pollutant = outlet.pollutants[0]
    last = at
    for turn in range((2, 4, 6, 9)[level]):
        first = at + turn * 34
        span = Span(first, first + outlet.chance.randint(1, 3))
        limit = outlet.limits[pollutant][0]
        for hour in span:
            judged = outlet.own[pollutant]["zs_value"][hour] or outlet.value(pollutant, hour)
            over = limit * outlet.chance.uniform(1.15, 1.9)
            outlet.put(pollutant, hour, outlet.value(pollutant, hour) * over / judged if judged else over)
        outlet.set_mark(span, outlet.chance.choice(("维护", "故障")), late=outlet.chance.uniform(6, 16))
        last = span.last
    for hour in range(at - 14 * DAY, min(last + 14 * DAY, outlet.count)):
        own = outlet.own[pollutant]
        judged = own["zs_value"][hour] or own["value"][hour] or 0.0
        if judged > outlet.limits[pollutant][0] and own["flag"][hour] == "N" and not own["mark"][hour]:
            outlet.set_mark(Span(hour, hour), "故障", late=8.0)  # those the plant has by itself are excused too
    return Trace(Span(at, last), "exceedances marked away", pollutant)


def endless_visits(outlet: Carrier, at: int, level: int) -> Trace:
    """R11: maintenance marked by hand on day after day, no order on file."""
    last = at
    for day in range((4, 6, 7, 10)[level]):
        span = Span(at + day * DAY, at + day * DAY + (1, 2, 4, 6)[level])
        outlet.set_mark(span, "维护", late=2.0)
        outlet.set_flag(span, "M", 20.0)
        last = span.last
    return Trace(Span(at, last), "maintenance every day")


def idled(outlet: Carrier, at: int, level: int) -> Trace:
    """R16: the treatment runs slow for days, or is switched off for hours, while production goes on."""
    span = Span(at, at + (130, 130, 10, 40)[level])
    factor = (0.8, 0.6, 0.15, 0.04)[level]
    for hour in span:
        outlet.shared["treatment_kw"][hour] = round(outlet.shared["treatment_kw"][hour] * factor, 2)
    for pollutant in outlet.pollutants[:2]:
        outlet.times(pollutant, span, 1.25)
    return Trace(span, "treatment slowed" if level <= 1 else "treatment off")


def unplugged(outlet: Carrier, at: int, level: int) -> Trace:
    """R18: the logger falls silent on chosen nights, and nobody reports it."""
    start = at - at % DAY + 23
    last = start
    for turn in range((2, 5, 7, 9)[level]):
        span = Span(start + turn * DAY, start + turn * DAY + (1, 2, 3, 4)[level])
        outlet.lose(span)
        last = span.last
    return Trace(Span(start, last), "silent at night")
