"""The funnel from signals to referrals (信号→线索→分派→核查→属实→案件→移送), counted from the journal's entries."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.clue_service.access import scope
from services.clue_service.clues.models import Clue
from services.clue_service.clues.suppressing import SuppressedHit, Suppression
from services.clue_service.figures.models import By, Funnel, FunnelRow
from services.clue_service.outlets.queries import parts
from shared.clock import ZONE, today
from shared.errors import BodyInvalid, NotVisible, Text
from shared.identity import Principal
from shared.records.journal import Entry
from shared.records.room import room_of

RECEIVED, MERGED, REFERRED = "clue.received", "clue.merged", "clue.referred"
STAGES: Mapping[str, str] = {
    "clue.assigned": "assigned",
    "clue.verified": "verified",
    "clue.accepted": "accepted",
    "clue.opened": "cases",
    REFERRED: "referrals",
    "clue.taken_over": "redirected",
    "clue.declined": "declined",
}
"""Type of entry -> the stage it shows a clue to have reached."""
FOUND = ("confirmed", "corrected")


@dataclass(slots=True)
class _Course:
    """What the journal says of one clue."""

    received_at: datetime
    merged: int = 0
    reached: set[str] = field(default_factory=set)
    verified: Mapping[str, Any] | None = None
    """What the latest verification stated."""


def funnel(session: Session, begin: date, until: date, by_what: By, *, by: Principal) -> Funnel:
    """Return how far the clues received on these days (both included) have come. Raises BodyInvalid, NotVisible."""
    owners = _owners(session, begin, until, by)
    courses = _courses(session, begin, until)
    rows: dict[str, FunnelRow] = {}
    for clue in _clues(session, courses, owners):
        _count(rows, clue, courses[clue.id], by_what)
    for key, number in _held_back(session, begin, until, owners, by_what).items():
        rows.setdefault(key, FunnelRow(key=key)).signals += number
    total = FunnelRow(key="")
    for row in rows.values():
        for name, value in row.model_dump(exclude={"key"}).items():
            if isinstance(value, int):
                setattr(total, name, getattr(total, name) + value)
    for row in (*rows.values(), total):
        _rates(row)
    return Funnel(by=by_what, rows=[rows[key] for key in sorted(rows)], total=total)


def _owners(session: Session, begin: date, until: date, by: Principal) -> frozenset[str]:
    if begin > until:
        words = Text("起始日期晚于截止日期", "from lies after to")
        raise BodyInvalid(words, errors=[{"field": "from", "code": "out_of_order", "message": words}])
    owners = scope(room_of(session).catalogue, by)
    if not owners:
        raise NotVisible(Text("没有可供您查看的统计", "There are no figures that you may see"))
    return owners


def _span(begin: date, until: date) -> tuple[datetime, datetime]:
    return datetime.combine(begin, time.min, tzinfo=ZONE), datetime.combine(until, time.max, tzinfo=ZONE)


def _courses(session: Session, begin: date, until: date) -> dict[UUID, _Course]:
    first, last = _span(begin, until)
    received = select(Entry.subject, Entry.at).where(Entry.type == RECEIVED, Entry.at >= first, Entry.at <= last)
    found = {subject: _Course(at) for subject, at in session.exec(received)}
    wanted = (MERGED, *STAGES)
    for part in parts(found):
        later = select(Entry.subject, Entry.type, Entry.body).where(
            col(Entry.subject).in_(part), col(Entry.type).in_(wanted)
        )
        for subject, kind, body in session.exec(later.order_by(col(Entry.seq))):
            _note(found[subject], kind, body)
    return {UUID(subject.partition(":")[2]): course for subject, course in found.items()}


def _note(course: _Course, kind: str, body: str) -> None:
    if kind == MERGED:
        course.merged += 1
        return
    course.reached.add(STAGES[kind])
    if kind == "clue.verified":
        course.verified = json.loads(body)["data"]


def _clues(session: Session, courses: Iterable[UUID], owners: frozenset[str]) -> Iterable[Clue]:
    for part in parts(courses):
        yield from session.exec(select(Clue).where(col(Clue.id).in_(part), col(Clue.owner).in_(owners)))


def _count(rows: dict[str, FunnelRow], clue: Clue, course: _Course, by_what: By) -> None:
    key = _key(clue, course, by_what)
    row = rows.setdefault(key, FunnelRow(key=key))
    row.clues += 1
    row.signals += 1 + course.merged
    for stage in course.reached:
        setattr(row, stage, getattr(row, stage) + 1)
    if course.verified is not None:
        row.confirmed += course.verified["result"] in FOUND
        row.on_site += course.verified.get("method") == "on_site"
        row.off_site += course.verified.get("method") != "on_site"


def _key(clue: Clue, course: _Course, by_what: By) -> str:
    if by_what == "month":
        return f"{today(course.received_at):%Y-%m}"
    values = {"rule": clue.rule_id, "city": clue.owner, "industry": clue.industry, "source": clue.source}
    return values[by_what] or ""


def _held_back(session: Session, begin: date, until: date, owners: frozenset[str], by_what: By) -> dict[str, int]:
    """Count the hits that made no clue because a look-alike was unfounded, by the same dimension."""
    first, last = _span(begin, until)
    statement = (
        select(SuppressedHit, Suppression, Clue)
        .join(Suppression, col(Suppression.id) == SuppressedHit.suppression_id)
        .join(Clue, col(Clue.id) == Suppression.clue_id)
        .where(SuppressedHit.first_at >= first, SuppressedHit.first_at <= last, col(Suppression.owner).in_(owners))
    )
    found: dict[str, int] = defaultdict(int)
    for hit, _under, clue in session.exec(statement):
        found[_key(clue, _Course(hit.first_at), by_what)] += 1
    return found


def _rates(row: FunnelRow) -> None:
    row.visits_avoided = row.off_site
    row.off_site_share = _share(row.off_site, row.verified)
    row.discovery_rate = _share(row.accepted, row.clues)
    row.confirmation_rate = _share(row.confirmed, row.verified)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
