"""River sections every four hours with what lies upstream (R24), and batch outlets every ten minutes (R17).

Conductivity, turbidity and oxygen of the sections are readings of a real river; the nutrients are made up, because the
river's sensors do not measure them.
"""

from datetime import datetime, timedelta
from random import Random

from tests.labelled.books.made import FLOAT, MOMENT, TEXT, TRUTH, Made, Schema
from tests.labelled.hourly.carrier import Carrier
from tests.labelled.hourly.real import river_hours
from tests.labelled.hourly.water import batches
from tests.labelled.labels import NEGATIVE, STRENGTHS, Label
from tests.labelled.noise import DAY, START, dice, wander

SCHEMAS: dict[str, Schema] = {
    "sections": {
        "section_id": TEXT, "ts": MOMENT, "nh3n": FLOAT, "tp": FLOAT, "codmn": FLOAT, "cond": FLOAT, "turb": FLOAT,
        "do": FLOAT,
    },
    "section_sources": {"section_id": TEXT, "outlet_id": TEXT, "travel_h": FLOAT},
    "water_10min": {"outlet_id": TEXT, "ts": MOMENT, "flow": FLOAT, "sampling": TRUTH},
}  # fmt: skip
USUAL = {"nh3n": 0.55, "tp": 0.11, "codmn": 3.4}
STEP = 4
"""Hours between two samples of a section."""


class _Section:
    """One section's samples."""

    def __init__(self, seed: int, name: str, days: int, offset: int) -> None:
        self.name, self.chance = name, dice(seed, name)
        hours = [row for row in river_hours() if row["site"] == "BlackSmithFork"][offset : offset + days * DAY : STEP]
        self.count = len(hours)
        self.rows = {column: [float(row[column] or "nan") for row in hours] for column in ("cond", "turb", "do")}
        for column, level in USUAL.items():
            slow = wander(self.chance, self.count, 0.08, 0.9)
            self.rows[column] = [level * (1 + one + self.chance.gauss(0, 0.03)) for one in slow]

    def times(self, column: str, samples: range, factor: float) -> None:
        """Multiply samples."""
        for sample in samples:
            self.rows[column][sample] *= factor

    def at(self, sample: int) -> datetime:
        """When a sample was drawn."""
        return START + timedelta(hours=STEP * sample)

    def file(self, made: Made) -> None:
        """Put the samples on file."""
        for sample in range(self.count):
            values = [self.rows[name][sample] for name in ("nh3n", "tp", "codmn", "cond", "turb", "do")]
            made.add("sections", self.name, self.at(sample), *(None if v != v else round(v, 3) for v in values))


def rivers(seed: int, days: int, sources: list[Carrier], plan: tuple[tuple[int, ...], int]) -> Made:
    """Make sections with planted incidents (`plan`: strengths, replicates), and loads planted in clean `sources`."""
    made, turn = Made(SCHEMAS), 0
    levels, replicates = plan
    for level in levels:
        for _ in range(replicates):
            turn += 1
            _incident(made, _Section(seed, f"DM{turn:03d}", days, 11 * turn), level, sources[turn % len(sources)])
    for turn, kind in enumerate(("storm", "single sample", "algae", "quiet river")):
        _odd(made, _Section(seed, f"DX{turn + 1:03d}", days, 17 * turn), kind)
    _batch_outlets(made, seed, days, plan)
    return made


def _incident(made: Made, section: _Section, level: int, source: Carrier) -> None:
    """A works upstream lets out what it should not; the section sees it after the travel time."""
    first = section.count * 6 // 10 + section.chance.randint(0, 12)
    samples = range(first, first + (2, 3, 4, 7)[level])
    column = section.chance.choice(list(USUAL))
    section.times(column, samples, (1.8, 2.6, 3.5, 6.0)[level])
    section.times("cond", samples, (1.03, 1.06, 1.09, 1.15)[level])  # waste water brings salt
    travel = section.chance.choice((8, 12, 20))
    made.add("section_sources", section.name, source.outlet_id, float(travel))
    pollutant = {"nh3n": "NH3N", "tp": "TP", "codmn": "COD"}[column]
    begin = first * STEP - travel
    for hour in range(begin, begin + len(samples) * STEP):
        if source.own[pollutant]["value"][hour] is not None:
            source.put(pollutant, hour, source.value(pollutant, hour) * (1.5, 2.0, 3.0, 5.0)[level])
    span = (section.at(samples.start), section.at(samples.stop - 1))
    made.labels.append(Label("R24", section.name, *span, STRENGTHS[level], "spill upstream", column))
    section.file(made)


def _odd(made: Made, section: _Section, kind: str) -> None:
    first = section.count * 6 // 10
    samples = range(first, first + 5)
    if kind == "storm":
        for column in USUAL:
            section.times(column, samples, 3.2)
        section.times("turb", samples, 9.0)
        section.times("cond", samples, 0.75)
    elif kind == "single sample":
        samples = range(first, first + 1)
        section.times("nh3n", samples, 5.0)
    elif kind == "algae":
        samples = range(first, first + 30)
        for sample in samples:
            section.rows["do"][sample] *= 1.6 if sample % 6 in (3, 4) else 0.6
    span = (section.at(samples.start), section.at(samples.stop - 1))
    made.labels.append(Label("R24", section.name, *span, NEGATIVE, kind))
    section.file(made)


def _batch_outlets(made: Made, seed: int, days: int, plan: tuple[tuple[int, ...], int]) -> None:
    levels, replicates = plan
    for level in levels:
        for turn in range(replicates):
            _batch_outlet(made, dice(seed, f"batch/{level}/{turn}"), (f"B{level}{turn:02d}", days), level)
    for turn, kind in enumerate(("independent batches", "independent batches", "sampler started by flow")):
        name, chance = f"BX{turn + 1:02d}", dice(seed, f"batch/{kind}/{turn}")
        rows = batches(days * DAY, chance)
        for ts, flow, sampling in rows:
            made.add("water_10min", name, ts, flow, flow > 0 and chance.random() < 0.3 if "flow" in kind else sampling)
        made.labels.append(Label("R17", name, rows[0][0], rows[-1][0], NEGATIVE, kind))


def _batch_outlet(made: Made, chance: Random, named: tuple[str, int], level: int) -> None:
    """R17: the valve is shut while the sampler works; the weaker the act, the more often it is forgotten."""
    name, days = named
    rows = batches(days * DAY, chance)
    first, last = len(rows) // 3, len(rows) // 3 + (20, 20, 20, 25)[level] * 144 - 1
    for step, (ts, flow, sampling) in enumerate(rows):
        shut = first <= step <= last and sampling and chance.random() < (0.5, 0.85, 0.95, 1.0)[level]
        made.add("water_10min", name, ts, 0.0 if shut else flow, sampling)
    span = (rows[first][0], rows[min(last, len(rows) - 1)][0])
    made.labels.append(Label("R17", name, *span, STRENGTHS[level], "shut while sampled"))
