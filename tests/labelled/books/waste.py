"""Hazardous-waste books of works over a year and a half, their store, and what they hand over (R12, R13)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from tests.labelled.books.made import FLOAT, MOMENT, TEXT, TRUTH, Made, Schema
from tests.labelled.labels import NEGATIVE, STRENGTHS, Label
from tests.labelled.noise import dice

SCHEMAS: dict[str, Schema] = {
    "waste_month": {
        "enterprise_id": TEXT, "month": MOMENT, "industry": TEXT, "waste_code": TEXT, "product_t": FLOAT,
        "power_kwh": FLOAT, "produced_t": FLOAT, "open_t": FLOAT, "transferred_t": FLOAT, "self_disposed_t": FLOAT,
        "close_t": FLOAT, "process_change_filed": TRUTH,
    },
    "waste_batches": {
        "enterprise_id": TEXT, "batch_id": TEXT, "waste_code": TEXT, "t": FLOAT, "in_date": MOMENT,
        "out_date": MOMENT, "extension_approval": TEXT,
    },
}  # fmt: skip
MONTHS = [datetime(2024 + (8 + step) // 12, (8 + step) % 12 + 1, 1) for step in range(20)]  # noqa: DTZ001
"""2024-09 to 2026-04."""
TRADES = (("化工", "900-041-49", 0.02), ("电镀", "336-054-17", 0.05), ("生活垃圾焚烧", "772-002-18", 0.04))
BEGIN = 12
"""The month in which something is put in: a year of honest books lies before it."""


@dataclass
class Works:
    """One works' year: what it makes and what waste the act lets it book."""

    name: str
    chance: Random
    trade: tuple[str, str, float]
    share: list[float] = field(default_factory=lambda: [1.0] * len(MONTHS))
    """Booked waste over real waste, by month."""
    output: list[float] = field(default_factory=lambda: [1.0] * len(MONTHS))
    missing: dict[int, float] = field(default_factory=dict)
    """Month to share of the stock that is gone from the closing figure."""
    filed: frozenset[int] = frozenset()
    moves: bool = True


def waste(seed: int, levels: tuple[int, ...], replicates: int) -> tuple[Made, list[tuple[str, str, datetime, float]]]:
    """Return the books and, for the manifests, the transfers as (enterprise, waste code, month, t)."""
    made, transfers = Made(SCHEMAS), list[tuple[str, str, datetime, float]]()
    for works in _cast(seed, made, levels, replicates):
        _book(made, works, transfers)
    _store(seed, made, levels, replicates)
    return made, transfers


def _cast(seed: int, made: Made, levels: tuple[int, ...], replicates: int) -> list[Works]:
    out: list[Works] = []

    def new() -> Works:
        name = f"QY{len(out) + 1:03d}"
        out.append(Works(name, dice(seed, name), TRADES[len(out) % len(TRADES)]))
        return out[-1]

    for _ in range(max(6, 4 * replicates)):
        new()
    for level in levels:
        for _ in range(replicates):
            works, months = new(), (2, 2, 3, 4)[level]
            works.share[BEGIN : BEGIN + months] = [(0.82, 0.62, 0.45, 0.2)[level]] * months
            _label(made, works, "R12", (BEGIN, BEGIN + months - 1), STRENGTHS[level], "waste kept off the books")
            works = new()
            works.missing = {BEGIN + 1: (0.04, 0.12, 0.25, 0.6)[level]}
            _label(made, works, "R13", (BEGIN + 1, BEGIN + 1), STRENGTHS[level], "mass missing")
    _honest(made, new)
    return out


def _honest(made: Made, new) -> None:
    works = new()
    works.output[BEGIN : BEGIN + 4] = [0.45] * 4
    _label(made, works, "R12", (BEGIN, BEGIN + 3), NEGATIVE, "output fell")
    works = new()
    works.share[BEGIN:] = [0.55] * (len(MONTHS) - BEGIN)
    works.filed = frozenset(range(BEGIN, len(MONTHS)))
    _label(made, works, "R12", (BEGIN, len(MONTHS) - 1), NEGATIVE, "process change filed")
    works = new()
    works.share = [0.5 if month % 2 else 1.5 for month in range(len(MONTHS))]
    _label(made, works, "R12", (0, len(MONTHS) - 1), NEGATIVE, "settled every second month")
    works = new()
    works.missing = {month: 0.012 for month in range(len(MONTHS))}
    _label(made, works, "R13", (0, len(MONTHS) - 1), NEGATIVE, "rounding and moisture")


def _label(made: Made, works: Works, rule: str, months: tuple[int, int], strength: str, kind: str) -> None:
    """`months`: the first and the last month, both touched."""
    made.labels.append(Label(rule, works.name, MONTHS[months[0]], MONTHS[months[1]], strength, kind))


def _book(made: Made, works: Works, transfers: list[tuple[str, str, datetime, float]]) -> None:
    chance, (industry, code, rate) = works.chance, works.trade
    size, stock = chance.uniform(300, 2000), 0.0
    for number, month in enumerate(MONTHS):
        product = size * works.output[number] * chance.uniform(0.88, 1.1)
        produced = round(product * rate * works.share[number] * (1 + chance.gauss(0, 0.05)), 3)
        opened = round(stock, 3)
        moved = round((opened + produced) * chance.uniform(0.55, 0.9), 3)
        burnt = round((opened + produced - moved) * 0.1, 3)
        closed = round(opened + produced - moved - burnt, 3)
        if number in works.missing:
            closed = max(0.0, round(closed - works.missing[number] * (opened + produced), 3))
        transfers.append((works.name, code, month, moved))
        made.add(
            "waste_month", works.name, month, industry, code, round(product, 1),
            round(product * 60 * chance.uniform(0.95, 1.05), 0), produced, opened, moved, burnt, closed,
            number in works.filed,
        )  # fmt: skip
        stock = closed


def _store(seed: int, made: Made, levels: tuple[int, ...], replicates: int) -> None:
    """Batches in store: ordinary ones of some months, over-age ones, old ones that are allowed."""
    chance = dice(seed, "store")
    end = datetime(2026, 4, 30)  # noqa: DTZ001  local wall time
    number = 0

    def batch(enterprise: str, age: int, stay: int | None, extension: str | None = None) -> tuple[datetime, datetime]:
        nonlocal number
        number += 1
        came = end - timedelta(days=age)
        left = None if stay is None else came + timedelta(days=stay)
        amount = round(chance.uniform(0.4, 6), 2)
        made.add("waste_batches", enterprise, f"PC{number:05d}", "900-041-49", amount, came, left, extension)
        return came, left or end

    for index in range(30 * replicates + 30):
        age = chance.randint(20, 420)
        left = min(age, chance.randint(15, 200))
        batch(f"CK{index % 12:03d}", age, left if left < age else None)
    for level in levels:
        for turn in range(replicates):
            name = f"CK1{level}{turn}"
            came, last = batch(name, (367, 420, 540, 760)[level], None)
            made.labels.append(Label("R13", name, came, last, STRENGTHS[level], "stored over a year"))
    for name, age, extension, kind in (
        ("CK200", 352, None, "almost a year"), ("CK201", 470, "延期批复2026-17", "extension approved"),
    ):  # fmt: skip
        came, last = batch(name, age, None, extension)
        made.labels.append(Label("R13", name, came, last, NEGATIVE, kind))
