"""What looks like an anomaly and is none: the false alarms each rule must not raise, by name."""

from tests.labelled.hourly.carrier import Carrier, Span, drive
from tests.labelled.hourly.readings import Trace
from tests.labelled.noise import DAY, WEEK


def load_drop(outlet: Carrier, at: int) -> Trace:
    """R01: the plant runs at half load, and emits less."""
    span = Span(at, at + 60)
    drive(outlet, span, 0.5)
    for hour in span:
        outlet.shared["o2"][hour] = round(outlet.shared["o2"][hour] + 1.8, 2)
    for pollutant in outlet.pollutants:
        outlet.times(pollutant, span, 0.42)
    return Trace(span, "load drop", outlet.pollutants[0])


def scrubber_start(outlet: Carrier, at: int) -> Trace:
    """R01: a second scrubber starts; its power is seen."""
    span = Span(at, at + 70)
    drive(outlet, span, 1.0, 1.7)
    outlet.times(outlet.pollutants[0], span, 0.4)
    return Trace(span, "scrubber start", outlet.pollutants[0])


def upset_over(outlet: Carrier, at: int) -> Trace:
    """R01: an exceedance of a day and a half ends, and the usual level is back."""
    span = Span(at - 36, at - 1)
    outlet.times(outlet.pollutants[0], span, 2.3)
    return Trace(Span(at, at + 48), "end of an exceedance", outlet.pollutants[0])


def low_already(outlet: Carrier, at: int) -> Trace:
    """R01: a clean outlet, far below its limit, gets cleaner."""
    outlet.times(outlet.pollutants[0], Span(0, outlet.count - 1), 0.25)
    span = Span(at, at + 60)
    outlet.times(outlet.pollutants[0], span, 0.35)
    return Trace(span, "low already", outlet.pollutants[0])


def _after_visit(outlet: Carrier, at: int, factors: tuple[float, ...]) -> Span:
    visit = Span(at, at + 2)
    outlet.set_flag(visit, "M", 10.0)
    outlet.set_mark(visit, "维护", late=1.0)
    outlet.order(visit.wider(1), "维护")
    span = Span(at + 3, outlet.count - 1)
    for pollutant, factor in zip(outlet.pollutants, factors, strict=False):
        outlet.times(pollutant, span, factor)
    return Span(at, min(at + 20 * DAY, outlet.count - 1))


def honest_drift(outlet: Carrier, at: int) -> Trace:
    """R02: a visit that takes a tenth of drift away."""
    return Trace(_after_visit(outlet, at, (0.9,)), "drift corrected", outlet.pollutants[0])


def upward(outlet: Carrier, at: int) -> Trace:
    """R02: a visit after which the reading is higher."""
    return Trace(_after_visit(outlet, at, (1.35,)), "shift upward", outlet.pollutants[0])


def fuel_change(outlet: Carrier, at: int) -> Trace:
    """R02: another fuel, on file: all pollutants fall together."""
    outlet.order(Span(at - 12, at + 36), "燃料变更")
    return Trace(_after_visit(outlet, at, (0.66, 0.62, 0.7)), "change of fuel", outlet.pollutants[0])


def calibrated(outlet: Carrier, at: int) -> Trace:
    """R03: the slope set at a recorded calibration."""
    outlet.set_mark(Span(at, at + 1), "校准", late=0.5)
    outlet.set_flag(Span(at, at + 1), "C", 10.0)
    outlet.order(Span(at, at + 1), "校准")
    number = outlet.orders[-1][0]
    outlet.change(at, outlet.pollutants[0], "i13008", (1.0, 0.88), number)
    return Trace(Span(at, at + 2 * DAY), "calibration on record", outlet.pollutants[0])


def fine_tuned(outlet: Carrier, at: int) -> Trace:
    """R03: slope and intercept moved a little, as every week."""
    for week in range(3):
        outlet.change(at + week * WEEK, outlet.pollutants[0], "i13008", (1.0, 1.0 + 0.02 * (week - 1)))
    return Trace(Span(at, at + 2 * WEEK + 1), "fine tuning", outlet.pollutants[0])


def skewed(outlet: Carrier, at: int) -> Trace:
    """R04: the logger's clock is an hour behind."""
    span = Span(at, at + 100)
    for pollutant in outlet.pollutants:
        seen = [outlet.own[pollutant]["inst_value"][hour - 1] for hour in span]
        for hour, value in zip(span, seen, strict=True):
            if value is not None and outlet.own[pollutant]["value"][hour] is not None:
                outlet.own[pollutant]["value"][hour] = outlet.own[pollutant]["das_value"][hour] = round(value, 2)
                outlet.own[pollutant]["zs_value"][hour] = outlet.converted(hour, value)
    return Trace(span, "clock an hour behind", outlet.pollutants[0])


def bad_line(outlet: Carrier, at: int) -> Trace:
    """R04: one hour in eight arrives wrong."""
    span = Span(at, at + WEEK)
    for hour in span:
        if outlet.chance.random() < 0.12:
            outlet.own[outlet.pollutants[0]]["value"][hour] = round(outlet.value(outlet.pollutants[0], hour) * 1.4, 2)
    return Trace(span, "line errors", outlet.pollutants[0])


def parts_per_million(outlet: Carrier, at: int) -> Trace:
    """R04: the analyser speaks ppm, the platform mg/m³: one known ratio, always."""
    pollutant = outlet.pollutants[0]
    own = outlet.own[pollutant]
    own["inst_value"] = [None if one is None else round(one / 2.05, 3) for one in own["inst_value"]]
    return Trace(Span(0, outlet.count - 1), "ppm and mg/m³", pollutant)


def no_discharge(outlet: Carrier, at: int) -> Trace:
    """R05: nothing flows; the analyser measures the rest in the pipe again and again."""
    span = Span(at, at + 30)
    drive(outlet, span, 0.1)
    for hour in span:
        outlet.shared["flow"][hour] = outlet.shared["water_in"][hour] = 0.0
        for pollutant in outlet.pollutants:
            outlet.put(pollutant, hour, outlet.limits[pollutant][0] * 0.2 * (1 + outlet.chance.gauss(0, 0.008)))
    return Trace(span, "no discharge")


def good_days(outlet: Carrier, at: int) -> Trace:
    """R05: treatment works better and better for two days and stays good: half as much, but as lively as ever."""
    span = Span(at, at + 120)
    for hour in span:
        for pollutant in outlet.pollutants:
            outlet.times(pollutant, Span(hour, hour), 1 - 0.5 * min(1.0, (hour - at) / 48, (span.last - hour) / 24))
    return Trace(span, "good treatment")


def rhythm(outlet: Carrier, at: int) -> Trace:
    """R06: a plant whose days resemble each other, to within four per cent."""
    pollutant = outlet.pollutants[0]
    usual = outlet.limits[pollutant][0] * 0.5
    for hour in range(outlet.count):
        if outlet.own[pollutant]["flag"][hour] == "N":
            wave = 1.25 if hour % DAY in range(6, 20) else 0.8
            outlet.put(pollutant, hour, usual * wave * (1 + outlet.chance.gauss(0, 0.04)))
    return Trace(Span(0, outlet.count - 1), "periodic plant", pollutant)
