"""Look-alikes of R07 to R18: plant, marks and lines that do something unusual for an honest reason."""

from tests.labelled.hourly.carrier import Carrier, Span, drive
from tests.labelled.hourly.readings import Trace
from tests.labelled.noise import DAY, WEEK, wander


def half_load(outlet: Carrier, at: int) -> Trace:
    """R07: at low load more air goes through the boiler; the line of oxygen over load says so."""
    span = Span(at, at + 40)
    rated = max(outlet.shared["production_kw"])
    for hour in span:
        share = 0.5 * rated / outlet.shared["production_kw"][hour]
        drive(outlet, Span(hour, hour), share)
        outlet.shared["o2"][hour] = round(outlet.shared["o2"][hour] + 5 * (1 - share) * 0.85, 2)
    for pollutant in outlet.pollutants:
        outlet.times(pollutant, span, 0.8)
    return Trace(span, "low load")


def dead_cell(outlet: Carrier, at: int) -> Trace:
    """R07: the oxygen cell fails, and the machine says so."""
    span = Span(at, at + 14)
    for hour in span:
        outlet.shared["o2"][hour] = 18.0
    outlet.set_flag(span, "D", 0.0)
    outlet.set_mark(span, "故障", by="auto", late=0.0)
    return Trace(span, "oxygen cell fault")


def rising_order(outlet: Carrier, at: int) -> Trace:
    """R08: production and water rise together."""
    span = Span(at, at + 60)
    drive(outlet, span, 1.5)
    return Trace(span, "production rise")


def downpour(outlet: Carrier, at: int) -> Trace:
    """R08: a rainy day through a combined drain; the weather says so (the hours of rain are set by the caller)."""
    span = Span(at, at + 24)
    return Trace(span, "rain in the drain")


def fan_left_on(outlet: Carrier, at: int) -> Trace:
    """R09: a real stop; the scrubber and its fan are left running, the lights are on."""
    span = Span(at, at + 30)
    drive(outlet, span, 0.1, 0.9)
    for hour in span:
        outlet.shared["flow"][hour] = round(outlet.shared["flow"][hour] * 3, 1)
        outlet.shared["o2"][hour], outlet.shared["temp"][hour] = 20.6, 40.0
        for pollutant in outlet.pollutants:
            outlet.put(pollutant, hour, outlet.limits[pollutant][0] * 0.02)
    outlet.set_mark(span, "停运", late=2.0)
    return Trace(span, "scrubber left on")


def machine_faults(outlet: Carrier, at: int) -> Trace:
    """R10: an analyser that fails again and again, reads high, and is flagged at once and for longer."""
    pollutant, last = outlet.pollutants[0], at
    for turn in range(6):
        span = Span(at + turn * 40, at + turn * 40 + 6)
        outlet.times(pollutant, Span(span.first + 1, span.first + 3), 2.2)
        outlet.set_flag(span, "D", 5.0)
        outlet.set_mark(span, "故障", by="auto", late=0.0)
        last = span.last
    return Trace(Span(at, last), "faults flagged by the machine", pollutant)


def overhaul(outlet: Carrier, at: int) -> Trace:
    """R11: forty hours of overhaul with its order."""
    span = Span(at, at + 39)
    outlet.order(span.wider(2), "大修")
    outlet.set_mark(span, "维护", late=2.0)
    outlet.set_flag(span, "M", 0.0)
    return Trace(span, "overhaul on record")


def zero_checks(outlet: Carrier, at: int) -> Trace:
    """R11: the analyser checks its zero every four hours by itself; most of the hour is measured."""
    for hour in range(at, at + WEEK, 4):
        outlet.set_mark(Span(hour, hour), "校准", by="auto", late=0.0)
        outlet.set_flag(Span(hour, hour), "N", 50.0)
    return Trace(Span(at, at + WEEK), "automatic zero checks")


def clean_stack(outlet: Carrier, at: int) -> Trace:
    """R14: a stack near the detection limit, with a digit of scatter."""
    pollutant = outlet.pollutants[0]
    low = outlet.limits[pollutant][1] * 0.006
    scatter = wander(outlet.chance, outlet.count, 0.2, 0.5)
    for hour in range(outlet.count):
        outlet.put(pollutant, hour, max(0.0, round(low * (1 + scatter[hour]), 1)))
    return Trace(Span(0, outlet.count - 1), "clean stack", pollutant)


def standing(outlet: Carrier, at: int) -> Trace:
    """R14: the plant stands and is not marked; the analyser shows one value."""
    span = Span(at, at + 40)
    drive(outlet, span, 0.07)
    for pollutant in outlet.pollutants:
        for hour in span:
            outlet.put(pollutant, hour, 0.4)
    return Trace(span, "plant stands", outlet.pollutants[0])


def held(outlet: Carrier, at: int) -> Trace:
    """R14: the analyser holds its last value under maintenance."""
    span = Span(at, at + 14)
    outlet.order(span.wider(1), "维护")
    for pollutant in outlet.pollutants:
        value = outlet.value(pollutant, at)
        for hour in span:
            outlet.put(pollutant, hour, value)
    outlet.set_flag(span, "M", 0.0)
    outlet.set_mark(span, "维护", late=1.0)
    return Trace(span, "value held under maintenance", outlet.pollutants[0])


def set_point(outlet: Carrier, at: int) -> Trace:
    """R15: a plant controlled to nine tenths of the limit: scatter to both sides, now and then above it."""
    pollutant = outlet.pollutants[0]
    limit = outlet.limits[pollutant][0]
    scatter = wander(outlet.chance, outlet.count, 0.055, 0.5)
    for hour in range(at, outlet.count):
        judged = outlet.own[pollutant]["zs_value"][hour]
        if judged and outlet.own[pollutant]["flag"][hour] == "N" and not outlet.own[pollutant]["mark"][hour]:
            outlet.put(pollutant, hour, outlet.value(pollutant, hour) * limit * (0.92 + scatter[hour]) / judged)
    return Trace(Span(at, outlet.count - 1), "controlled to a set point", pollutant)


def both_stop(outlet: Carrier, at: int) -> Trace:
    """R16: production and treatment stop together, unmarked."""
    span = Span(at, at + 24)
    drive(outlet, span, 0.06)
    for pollutant in outlet.pollutants:
        outlet.times(pollutant, span, 0.05)
    return Trace(span, "both stop")


def meter_out(outlet: Carrier, at: int) -> Trace:
    """R16: the meter of the treatment is offline."""
    span = Span(at, at + 48)
    for hour in span:
        outlet.shared["treatment_kw"][hour] = None
    return Trace(span, "meter offline")


def reported_outage(outlet: Carrier, at: int) -> Trace:
    """R18: a day and a half without line, reported at once."""
    span = Span(at, at + 34)
    outlet.lose(span)
    outlet.set_mark(span, "故障", late=0.5 - (span.last - span.first))
    return Trace(span, "outage reported at once")


def thin_loss(outlet: Carrier, at: int) -> Trace:
    """R18: one hour in fifty is lost, whenever."""
    span = Span(at, min(at + 21 * DAY, outlet.count - 1))
    for hour in span:
        if outlet.chance.random() < 0.02:
            outlet.lose(Span(hour, hour))
    return Trace(span, "thin random loss")
