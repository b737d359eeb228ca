"""Which outlet carries what: every act at every strength on an outlet of its own, every look-alike, and clean ones."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from tests.labelled.hourly import lookalikes as looks
from tests.labelled.hourly import lookalikes_plant as plant
from tests.labelled.hourly import operation, readings
from tests.labelled.hourly.carrier import Carrier, Span
from tests.labelled.hourly.gas import chimney
from tests.labelled.hourly.readings import Trace
from tests.labelled.hourly.real import turbine
from tests.labelled.hourly.water import showers, works
from tests.labelled.labels import NEGATIVE, STRENGTHS, Label
from tests.labelled.noise import DAY, START, dice

Act = Callable[[Carrier, int, int], Trace]
Lookalike = Callable[[Carrier, int], Trace]
GAS, WATER, REAL = "gas", "water", "real"
SLICES = [(year, first) for year in (2011, 2012) for first in (0, 2300, 4600)]
"""Where in the turbine years a slice begins."""

ACTS: list[tuple[str, tuple[str, ...], Act]] = [
    ("R01", (GAS, WATER, REAL), readings.thinned),
    ("R02", (GAS, WATER, REAL), readings.retuned),
    ("R03", (GAS, WATER, REAL), operation.reset),
    ("R04", (GAS, WATER, REAL), readings.edited),
    ("R05", (WATER, WATER, WATER), readings.swapped),
    ("R06", (GAS, WATER, REAL), readings.replayed),
    ("R07", (GAS, GAS), operation.aired),
    ("R07", (GAS,), operation.misconverted),
    ("R08", (WATER, WATER, WATER), readings.watered),
    ("R09", (GAS, WATER, REAL), operation.sham_stop),
    ("R10", (GAS, WATER, REAL), operation.excused),
    ("R11", (GAS, WATER, REAL), operation.endless_visits),
    ("R14", (GAS, WATER, REAL), readings.frozen),
    ("R15", (GAS, WATER, REAL), readings.capped),
    ("R16", (GAS, WATER, REAL), operation.idled),
    ("R18", (GAS, WATER, REAL), operation.unplugged),
]
"""Rule, carriers of its replicates in order, and the act."""

LOOKALIKES: list[tuple[str, str, Lookalike]] = [
    ("R01", GAS, looks.load_drop),
    ("R01", GAS, looks.scrubber_start),
    ("R01", GAS, looks.upset_over),
    ("R01", GAS, looks.low_already),
    ("R02", GAS, looks.honest_drift),
    ("R02", WATER, looks.upward),
    ("R02", GAS, looks.fuel_change),
    ("R03", GAS, looks.calibrated),
    ("R03", WATER, looks.fine_tuned),
    ("R04", GAS, looks.skewed),
    ("R04", WATER, looks.bad_line),
    ("R04", GAS, looks.parts_per_million),
    ("R05", WATER, looks.no_discharge),
    ("R05", WATER, looks.good_days),
    ("R06", GAS, looks.rhythm),
    ("R07", GAS, plant.half_load),
    ("R07", GAS, plant.dead_cell),
    ("R08", WATER, plant.rising_order),
    ("R08", WATER, plant.downpour),
    ("R09", GAS, plant.fan_left_on),
    ("R10", GAS, plant.machine_faults),
    ("R11", GAS, plant.overhaul),
    ("R11", WATER, plant.zero_checks),
    ("R14", GAS, plant.clean_stack),
    ("R14", GAS, plant.standing),
    ("R14", WATER, plant.held),
    ("R15", GAS, plant.set_point),
    ("R16", GAS, plant.both_stop),
    ("R16", WATER, plant.meter_out),
    ("R18", GAS, plant.reported_outage),
    ("R18", WATER, plant.thin_loss),
]


@dataclass(frozen=True)
class Size:
    """How much is made: days, which strengths (indices), how many replicates of each, how many clean outlets."""

    days: int = 90
    levels: tuple[int, ...] = (0, 1, 2, 3)
    replicates: int = 3
    clean: int = 24

    @property
    def hours(self) -> int:
        """Hours of every made-up outlet."""
        return self.days * DAY

    @property
    def middle(self) -> int:
        """The hour at which things begin to be put in: two thirds through, so that there is a history."""
        return self.hours * 6 // 10


FULL = Size()
REDUCED = Size(days=60, levels=(2, 3), replicates=2, clean=6)


@dataclass
class Cast:
    """Everything hourly of one folder."""

    seed: int
    size: Size
    outlets: list[Carrier] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    rain: list[float] = field(default_factory=list)


def cast(seed: int, size: Size) -> Cast:
    """Make all hourly outlets with their labels."""
    out = Cast(seed, size)
    out.rain = showers(size.hours, dice(seed, "rain"))
    for hour in range(size.middle, size.middle + 18):
        out.rain[hour] = round(3 + 2 * dice(seed, f"downpour/{hour}").random(), 1)
    numbers = count(1)
    for turn, (rule, level, place, act) in enumerate(_acts(size)):
        chance = dice(seed, f"place/{turn}")
        at = size.middle + chance.randrange(3 * DAY)
        outlet = _outlet(out, place, next(numbers), at)
        _label(out, outlet, rule, act(outlet, at, level), STRENGTHS[level])
    for rule, place, lookalike in LOOKALIKES:
        outlet = _outlet(out, place, next(numbers), size.middle, combined=lookalike is plant.downpour)
        _label(out, outlet, rule, lookalike(outlet, size.middle), NEGATIVE)
    _whole_site(out, numbers)
    for number in range(size.clean):
        _outlet(out, GAS if number % 2 == 0 else WATER, next(numbers), -1000)
    return out


def _acts(size: Size) -> Iterator[tuple[str, int, str, Act]]:
    done: set[str] = set()
    for rule, places, act in ACTS:
        wanted = min(size.replicates, len(places)) if rule not in done else min(size.replicates - 1, len(places))
        done.add(rule)
        for level in size.levels:
            for turn in range(wanted):
                yield rule, level, places[(level + turn) % len(places)], act


def _outlet(out: Cast, place: str, number: int, at: int, *, combined: bool = False) -> Carrier:
    """One more outlet of a kind; from three days before `at` to three weeks after it nothing happens by itself."""
    size, quiet = out.size, Span(at - 3 * DAY, at + 21 * DAY)
    if place == REAL:
        year, first = SLICES[number % len(SLICES)]
        outlet = turbine(f"RT{number:03d}", year, first, size.hours, out.seed)
    elif place == GAS:
        name = f"G{number:03d}"
        outlet = chimney(name, START, size.hours, dice(out.seed, name), quiet)
    else:
        name = f"W{number:03d}"
        drains = combined or (at < 0 and number % 3 == 0)
        outlet = works(name, out.rain, dice(out.seed, name), quiet, combined=drains)
    out.outlets.append(outlet)
    return outlet


def _label(out: Cast, outlet: Carrier, rule: str, trace: Trace, strength: str) -> None:
    span = trace.span
    out.labels.append(
        Label(
            rule,
            outlet.outlet_id,
            outlet.at(span.first),
            outlet.at(span.last),
            strength,
            trace.kind,
            trace.pollutant,
            "real" if outlet.real else "synthetic",
        )
    )


def _whole_site(out: Cast, numbers: Iterable[int]) -> None:
    """R18: a line that serves all three outlets of a site is cut three times, for nine hours each."""
    site = [_outlet(out, place, next(iter(numbers)), out.size.middle) for place in (GAS, GAS, WATER)]
    first = out.size.middle - out.size.middle % DAY + 19
    cuts = [Span(first + turn * 75, first + turn * 75 + 8) for turn in range(3)]
    for outlet in site:
        outlet.enterprise_id = "E-SITE"
        for cut in cuts:
            outlet.lose(cut)
        _label(out, outlet, "R18", Trace(Span(cuts[0].first, cuts[-1].last), "line of a whole site"), NEGATIVE)
