"""Third-party sampling reports (R22) and runs of the mobile laboratory (R23)."""

import math
from datetime import datetime, timedelta
from random import Random

from tests.labelled.books.made import FLOAT, MOMENT, TEXT, Made, Schema
from tests.labelled.labels import NEGATIVE, STRENGTHS, Label
from tests.labelled.noise import dice, wander

SCHEMAS: dict[str, Schema] = {
    "lab_reports": {
        "report_id": TEXT, "org": TEXT, "sampler_id": TEXT, "sampler_name": TEXT, "site": TEXT, "lat": FLOAT,
        "lon": FLOAT, "t_start": MOMENT, "t_end": MOMENT, "project": TEXT,
    },
    "van_points": {
        "run_id": TEXT, "ts": MOMENT, "lat": FLOAT, "lon": FLOAT, "tvoc_ppb": FLOAT, "wind_dir": FLOAT,
        "wind_ms": FLOAT, "flag": TEXT, "poi": TEXT,
    },
}  # fmt: skip
BEGIN = datetime(2026, 4, 6, 9)  # noqa: DTZ001  local wall time
KM = 1 / 111.2
"""Degrees of latitude of one kilometre."""
EVERY, POINTS = 3, 1200
"""Seconds between two points of a run, and their number: an hour."""


def field(seed: int, levels: tuple[int, ...], replicates: int) -> Made:
    """Make reports of a month and some runs."""
    made = Made(SCHEMAS)
    _reports(made, dice(seed, "reports"), levels, replicates)
    _runs(made, seed, levels, replicates)
    return made


def _reports(made: Made, chance: Random, levels: tuple[int, ...], replicates: int) -> None:
    count = 0

    def report(who: tuple[str, str], place: tuple[str, float, float], start: datetime, hours: float) -> str:
        nonlocal count
        count += 1
        number, end = f"BG{count:05d}", start + timedelta(minutes=round(hours * 60))
        made.add("lab_reports", number, "甲检测", *who, *place, start, end, "废气")
        return number

    for sampler in range(12):
        for day in range(20):
            place = (f"厂{sampler}-{day}", 31.3 + chance.uniform(-0.2, 0.2), 120.6 + chance.uniform(-0.2, 0.2))
            start = BEGIN + timedelta(days=day, minutes=chance.randint(0, 90))
            report((f"CY{sampler:03d}", f"采样员{sampler}"), place, start, chance.uniform(1, 4))
    turn = 0
    for level in levels:
        for _ in range(replicates):
            turn += 1
            who, start = (f"CZ{turn:03d}", f"采样员丙{turn}"), BEGIN + timedelta(days=turn)
            report(who, (f"甲厂{turn}", 31.3, 120.6), start, 3)
            late = start + timedelta(minutes=(170, 150, 60, 20)[level])
            number = report(who, (f"乙厂{turn}", 31.3 + (4, 9, 35, 140)[level] * KM, 120.6), late, 2)
            label = Label("R22", number, late, late + timedelta(hours=2), STRENGTHS[level], "in two places")
            made.labels.append(label)
    report(("CX001", "张伟"), ("丙厂", 31.3, 120.6), BEGIN, 3)
    names = report(("CX002", "张伟"), ("丁厂", 31.9, 120.6), BEGIN, 3)
    report(("CX003", "李娜"), ("戊厂1号排口", 31.3, 120.6), BEGIN, 3)
    points = report(("CX003", "李娜"), ("戊厂2号排口", 31.3 + 0.4 * KM, 120.6), BEGIN + timedelta(minutes=30), 3)
    for number, kind in ((names, "namesakes"), (points, "two points of one site")):
        made.labels.append(Label("R22", number, BEGIN, BEGIN + timedelta(hours=3), NEGATIVE, kind))


class _Run:
    """An hour of driving: position, background, wind."""

    def __init__(self, seed: int, name: str) -> None:
        self.name, self.chance = name, dice(seed, name)
        level = self.chance.uniform(45, 110)
        slow = wander(self.chance, POINTS, 0.12, 0.995)
        self.tvoc = [level * (1 + slow[step] + self.chance.gauss(0, 0.06)) for step in range(POINTS)]
        self.flag, self.poi = ["N"] * POINTS, [""] * POINTS
        self.wind_ms = self.chance.uniform(1.5, 4)
        self.wind_from = self.chance.uniform(0, 360)

    def plume(self, first: int, points: int, times: float) -> None:
        """A plume: rises and falls within so many points to so many times the background."""
        for step in range(points):
            shape = 0.6 + 0.4 * math.sin(math.pi * (step + 0.5) / points)
            self.tvoc[first + step] *= 1 + (times - 1) * shape

    def file(self, made: Made) -> None:
        """Put the run's points on file."""
        for step in range(POINTS):
            turn = (self.wind_from + 12 * math.sin(step / 90)) % 360
            made.add(
                "van_points", self.name, BEGIN + timedelta(seconds=EVERY * step), round(31.30 + step * 2.2e-4 * 0.6, 6),
                round(120.60 + 0.004 * math.sin(step / 160), 6), round(self.tvoc[step], 1), round(turn, 0),
                round(self.wind_ms, 1), self.flag[step], self.poi[step] or None,
            )  # fmt: skip

    def label(self, made: Made, points: tuple[int, int], strength: str, kind: str) -> None:
        """`points`: the first and last point."""
        since, until = (BEGIN + timedelta(seconds=EVERY * one) for one in points)
        made.labels.append(Label("R23", self.name, since, until, strength, kind))


def _runs(made: Made, seed: int, levels: tuple[int, ...], replicates: int) -> None:
    turn = 0
    for level in levels:
        for _ in range(replicates):
            turn += 1
            run = _Run(seed, f"ZH{turn:03d}")
            first, points = run.chance.randint(300, 900), (3, 7, 12, 25)[level]
            run.plume(first, points, (4.0, 6.0, 9.0, 22.0)[level])
            run.label(made, (first, first + points - 1), STRENGTHS[level], "plume")
            run.file(made)
    _odd_runs(made, seed)


def _odd_runs(made: Made, seed: int) -> None:
    for kind in ("lorry ahead", "calibration on board", "petrol station", "regional rise", "clean run"):
        run = _Run(seed, f"ZX-{kind.split()[0]}")
        first, last = 600, 640
        if kind == "lorry ahead":
            last = 601
            run.plume(first, 2, 12.0)
        elif kind == "calibration on board":
            run.plume(first, 40, 15.0)
            run.flag[first : last + 1] = ["C"] * (last + 1 - first)
        elif kind == "petrol station":
            run.plume(first, 20, 8.0)
            run.poi[first - 10 : last + 1] = ["加油站"] * (last + 11 - first)
        elif kind == "regional rise":
            first, last = 200, POINTS - 1
            for step in range(first, POINTS):
                run.tvoc[step] *= 1 + 5 * (step - first) / (POINTS - first)
        run.label(made, (first, last), NEGATIVE, kind)
        run.file(made)
