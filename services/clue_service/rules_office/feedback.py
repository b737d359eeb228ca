"""What became of a rule's clues: counts, precision with a Wilson interval, days to discovery; by city, trade, month."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from statistics import NormalDist, median

from pydantic import BaseModel
from sqlmodel import Session, col, select

from services.clue_service.access import BUREAU, scope
from services.clue_service.clues.models import Clue
from services.clue_service.detection import evaluable
from services.clue_service.detection.history import CONFIRMED
from services.clue_service.rules_office.registry import rulebook
from shared.clock import ZONE
from shared.identity import Principal
from shared.records.room import room_of

VERIFIED = (*CONFIRMED, "unfounded")
"""Results that say whether the rule was right; `not_ours` does not."""
TAKEN_UP = ("assigned", "verified", "reviewed", "accepted", "opened", "closed")
Z = NormalDist().inv_cdf(0.975)
"""Two-sided 95 %."""


class Figures(BaseModel):
    """Clues of a rule; how many screening accepted, verification decided and found true; precision of the decided.

    `precision` and its 95 % Wilson interval are null while nothing is verified; `median_days` runs from the end of
    what was observed to the discovery.
    """

    clues: int
    accepted: int
    verified: int
    confirmed: int
    precision: float | None
    interval: tuple[float, float] | None
    median_days: float | None


class Part(Figures):
    """The figures of one city, trade or month."""

    of: str


class Month(Part):
    """The figures of one month, beside how many outlets the rule could judge in it (rules over outlets)."""

    evaluable: int


class PrecisionView(BaseModel):
    """A rule's figures over the clues of the bureaus one may see; a city is the bureau that owns the clue."""

    rule_id: str
    total: Figures
    by_city: list[Part]
    by_industry: list[Part]
    by_month: list[Month]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is read of a clue."""

    rule_id: str
    owner: str
    industry: str
    state: str
    result: str | None
    assigned_to: str | None
    discovered_at: datetime
    observed_to: datetime | None


def wilson(confirmed: int, verified: int) -> tuple[float, float] | None:
    """Return the 95 % score interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927); None of nothing."""
    if not verified:
        return None
    share, square = confirmed / verified, Z * Z
    middle = (share + square / (2 * verified)) / (1 + square / verified)
    half = Z / (1 + square / verified) * sqrt(share * (1 - share) / verified + square / (4 * verified * verified))
    return max(0.0, middle - half), min(1.0, middle + half)


def figures(outcomes: Iterable[Outcome]) -> Figures:
    """Count clues."""
    rows = list(outcomes)
    verified = sum(one.result in VERIFIED for one in rows)
    confirmed = sum(one.result in CONFIRMED for one in rows)
    days = [
        (one.discovered_at - one.observed_to).total_seconds() / 86_400 for one in rows if one.observed_to is not None
    ]
    return Figures(
        clues=len(rows),
        accepted=sum(_is_accepted(one) for one in rows),
        verified=verified,
        confirmed=confirmed,
        precision=confirmed / verified if verified else None,
        interval=wilson(confirmed, verified),
        median_days=median(days) if days else None,
    )


def _is_accepted(one: Outcome) -> bool:
    """Whether screening took a clue up: it was given to somebody to verify, or went further."""
    return one.assigned_to is not None or one.result is not None or one.state in TAKEN_UP


def outcomes(
    session: Session, owners: Iterable[str], rule_id: str | None = None, *, since: datetime | None = None
) -> Iterator[Outcome]:
    """Yield what became of the rules' clues at some bureaus, of one rule when it is named, discovered since then.

    A clue that another environment bureau took over goes on as that bureau's own and is counted there, once.
    """
    columns = [getattr(Clue, name) for name in Outcome.__slots__]
    bureaus = [one.id for one in room_of(session).catalogue.agencies.values() if one.kind == BUREAU]
    stays = (col(Clue.state) != "taken_over") | col(Clue.redirected_to).not_in(bureaus)
    statement = select(*columns).where(col(Clue.owner).in_(list(owners)), col(Clue.source) != "manual", stays)
    statement = statement.where(Clue.rule_id == rule_id if rule_id else col(Clue.rule_id).is_not(None))
    if since is not None:
        statement = statement.where(Clue.discovered_at >= since)
    for row in session.exec(statement):
        yield Outcome(*row)


def precision(session: Session, rule_id: str, *, by: Principal) -> PrecisionView:
    """Return a rule's figures. Raises NotVisible."""
    rulebook(session).find(rule_id)
    owners = scope(room_of(session).catalogue, by)
    rows = list(outcomes(session, owners, rule_id))
    return PrecisionView(
        rule_id=rule_id,
        total=figures(rows),
        by_city=_by(rows, lambda one: one.owner),
        by_industry=_by(rows, lambda one: one.industry),
        by_month=_by_month(rows, evaluable.by_month(session, rule_id, owners)),
    )


def _by_month(rows: list[Outcome], judged: dict[str, int]) -> list[Month]:
    """The months with clues, and those in which the rule could judge an outlet and found nothing."""
    nothing = Part(of="", **figures(()).model_dump()).model_dump()
    found = {one.of: one.model_dump() for one in _by(rows, lambda one: f"{one.discovered_at.astimezone(ZONE):%Y-%m}")}
    months = sorted({*found, *judged})
    return [Month(**(found.get(month, nothing) | {"of": month, "evaluable": judged.get(month, 0)})) for month in months]


def by_rule(session: Session, *, by: Principal) -> dict[str, Figures]:
    """Return the figures of every rule that made a clue."""
    found: dict[str, list[Outcome]] = {}
    for one in outcomes(session, scope(room_of(session).catalogue, by)):
        found.setdefault(one.rule_id, []).append(one)
    return {rule_id: figures(rows) for rule_id, rows in found.items()}


def _by(rows: list[Outcome], name: Callable[[Outcome], str]) -> list[Part]:
    found: dict[str, list[Outcome]] = {}
    for one in rows:
        found.setdefault(name(one), []).append(one)
    return [Part(of=part, **figures(found[part]).model_dump()) for part in sorted(found)]
