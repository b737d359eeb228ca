"""Vehicle tests with their curves: borrowed OBD identities (R20), copied and diluted curves (R21)."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from tests.labelled.books.made import FLOAT, MOMENT, TEXT, WHOLE, Made, Schema
from tests.labelled.labels import NEGATIVE, PART, STRENGTHS, Label
from tests.labelled.noise import clamp, dice, wander

SCHEMAS: dict[str, Schema] = {
    "veh_tests": {
        "test_id": TEXT, "station_id": TEXT, "line_id": TEXT, "plate": TEXT, "vin": TEXT, "make": TEXT, "model": TEXT,
        "model_year": WHOLE, "start": MOMENT, "method": TEXT, "cal_id": TEXT, "cvn": TEXT, "result": TEXT,
        "co": FLOAT, "hc": FLOAT, "nox": FLOAT, "lam": FLOAT,
    },
    "veh_points": {
        "test_id": TEXT, "sec": WHOLE, "speed": FLOAT, "co2": FLOAT, "co": FLOAT, "nox": FLOAT, "rpm": FLOAT,
    },
}  # fmt: skip
MODELS = [(make, f"{make}-{letter}") for make in ("甲牌", "乙牌", "丙牌", "丁牌", "戊牌") for letter in "ABCD"]
SECONDS = 195
Curve = list[tuple[float, float, float, float, float]]
"""speed km/h, CO2 %, CO %, NOx ppm, engine speed, one a second."""


@dataclass
class Hall:
    """Tests of all lines in the order they were driven."""

    made: Made
    chance: Random
    count: int = 0

    def test(self, line: str, start: datetime, model: int, curve: Curve | None, **changed: str) -> tuple[str, datetime]:
        """One passed test of one more car; without a curve only its report exists. Returns its number and its end."""
        self.count += 1
        make, name = MODELS[model]
        number = f"JC{self.count:05d}"
        vin = f"LVX{self.chance.randrange(10**13, 10**14)}"
        self.made.add(
            "veh_tests", number, line[:4], line, f"苏E{self.count:05d}", vin, make, name, 2012 + model % 10, start,
            "VMAS", changed.get("cal_id", f"CAL-{name}-01"), changed.get("cvn", f"{model * 7919 + 4096:08X}"),
            "合格", round(self.chance.uniform(0.05, 0.4), 2), round(self.chance.uniform(5, 60), 0),
            round(self.chance.uniform(10, 200), 0), round(self.chance.uniform(0.985, 1.015), 3),
        )  # fmt: skip
        for second, point in enumerate(curve or []):
            self.made.add("veh_points", number, second, *(round(value, 3) for value in point))
        return number, start + timedelta(seconds=SECONDS)

    def drive(self) -> Curve:
        """The curve of one car over the cycle everybody drives."""
        rich, hot = self.chance.uniform(0.02, 0.3), self.chance.uniform(20, 160)
        carbon, lag = self.chance.uniform(12.8, 14.6), self.chance.uniform(1.5, 5)
        gas, smoke, acid = (wander(self.chance, SECONDS, spread, 0.85) for spread in (0.45, 0.35, 0.4))
        out: Curve = []
        for second in range(SECONDS):
            speed = _cycle(second)
            pull = max(0.0, (_cycle(int(second - lag) + 2) - _cycle(int(second - lag))) / 4)
            fill = clamp(second / 4, 0.1, 1.0)
            co2 = clamp((carbon + 0.4 * pull + gas[second]) * fill, 0.2, 15.6)
            co = max(0.0, rich * (1 + 0.8 * pull + smoke[second])) * fill
            nox = max(0.0, hot * (0.4 + speed / 60 + pull + acid[second]))
            out.append((speed, co2, co, nox, 820 + 28 * speed + self.chance.gauss(0, 25)))
        return out


def _cycle(second: int) -> float:
    """The prescribed speed: three hills of growing height."""
    for begin, end, top in ((11, 28, 15.0), (49, 96, 32.0), (117, 188, 50.0)):
        if begin <= second <= end:
            return top * min(1.0, math.sin(math.pi * (second - begin) / (end - begin)) * 1.6)
    return 0.0


def vehicles(seed: int, levels: tuple[int, ...], replicates: int) -> Made:
    """Make the tests of a month."""
    hall = Hall(Made(SCHEMAS), dice(seed, "vehicles"))
    begin = datetime(2026, 4, 1, 8)  # noqa: DTZ001  local wall time
    for number in range(3):
        _ordinary(hall, f"S{number + 1:03d}-1", begin, 30)
    for level in levels:
        for turn in range(replicates):
            _borrowed(hall, f"T{level}{turn}1-1", begin, level)
            _copied(hall, f"U{level}{turn}1-1", begin, level)
            _diluted(hall, f"V{level}{turn}1-1", begin, level)
    _fleet(hall, "X001-1", begin)
    _odd_curves(hall, "X002-1", begin)
    return hall.made


def _times(hall: Hall, begin: datetime, count: int) -> list[datetime]:
    return [
        begin + timedelta(days=step // 8, hours=step % 8, minutes=hall.chance.randint(0, 40)) for step in range(count)
    ]


def _ordinary(hall: Hall, line: str, begin: datetime, count: int) -> None:
    for start in _times(hall, begin, count):
        hall.test(line, start, hall.chance.randrange(len(MODELS)), hall.drive())


def _borrowed(hall: Hall, line: str, begin: datetime, level: int) -> None:
    """R20: a dongle that answers with one car's identity is plugged into all kinds of cars."""
    _ordinary(hall, line, begin - timedelta(days=3), 6)
    times = _times(hall, begin, (3, 5, 9, 20)[level])
    for step, start in enumerate(times):
        hall.test(line, start, step % len(MODELS), hall.drive(), cal_id=f"FAKE-{line}", cvn="1A2B3C4D")
    hall.made.labels.append(Label("R20", line, times[0], times[-1], STRENGTHS[level], "one identity in many models"))


def _copied(hall: Hall, line: str, begin: datetime, level: int) -> None:
    """R21: an earlier car's curve is handed in again, hidden under a little noise."""
    _ordinary(hall, line, begin, 10)
    curve = hall.drive()
    first = begin + timedelta(days=3)
    source, done = hall.test(line, first, 1, curve)
    hall.made.labels.append(Label("R21", source, first, done, PART, "curve copied from"))
    blur = (0.03, 0.01, 0.003, 0.0)[level]
    noise = hall.chance.gauss
    again = [
        (speed, co2 * (1 + noise(0, blur)), co * (1 + noise(0, blur)), nox * (1 + noise(0, blur)), rpm)
        for speed, co2, co, nox, rpm in curve
    ]
    start = begin + timedelta(days=5)
    number, end = hall.test(line, start, 6, again)
    hall.made.labels.append(Label("R21", number, start, end, STRENGTHS[level], "curve copied"))


def _diluted(hall: Hall, line: str, begin: datetime, level: int) -> None:
    """R21: the probe half out of the pipe for part of the drive, and the test passed."""
    _ordinary(hall, line, begin, 6)
    first, last = 60, 60 + (6, 14, 35, 90)[level]
    curve = [
        (speed, co2 * 0.3, co * 0.3, nox * 0.3, rpm) if first <= second <= last else (speed, co2, co, nox, rpm)
        for second, (speed, co2, co, nox, rpm) in enumerate(hall.drive())
    ]
    start = begin + timedelta(days=4)
    number, end = hall.test(line, start, 3, curve)
    hall.made.labels.append(Label("R21", number, start, end, STRENGTHS[level], "sample diluted"))


def _fleet(hall: Hall, line: str, begin: datetime) -> None:
    """R20, none: forty cars of one model share what their maker gave them."""
    times = _times(hall, begin, 40)
    for start in times:
        hall.test(line, start, 4, None)
    hall.made.labels.append(Label("R20", line, times[0], times[-1], NEGATIVE, "fleet of one model"))


def _odd_curves(hall: Hall, line: str, begin: datetime) -> None:
    """R21, none: a probe put in late by four seconds, a hybrid whose engine rests."""
    late = [(s, co2 * 0.05, co * 0.05, nox, rpm) if second < 5 else (s, co2, co, nox, rpm)
            for second, (s, co2, co, nox, rpm) in enumerate(hall.drive())]  # fmt: skip
    hybrid = [(s, 0.0, 0.0, 0.0, 0.0) if 28 < second < 49 or s < 12 else (s, co2, co, nox, rpm)
              for second, (s, co2, co, nox, rpm) in enumerate(hall.drive())]  # fmt: skip
    for step, (curve, kind) in enumerate(((late, "probe put in late"), (hybrid, "hybrid with the engine off"))):
        start = begin + timedelta(hours=step)
        number, end = hall.test(line, start, 8 + step, curve)
        hall.made.labels.append(Label("R21", number, start, end, NEGATIVE, kind))
