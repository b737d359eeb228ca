"""Which declaration a report falls under, and which one may stand as the ground of a result."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select, bindparam
from sqlalchemy import select as core_select
from sqlmodel import Session

from services.clue_service.detection.catalogue import load
from services.clue_service.self_inspections.models import SelfInspection
from shared.clock import today
from shared.errors import BodyInvalid, wrong
from shared.records.db import table_of

COUNTS = ("declared", "corrected", "verified")
MOST_WORDS = 200


class About(Protocol):
    """What a report, or a clue, is about and when it was observed."""

    enterprise_id: str
    outlet_id: str | None
    pollutant: str | None
    rule_id: str | None
    discovered_at: datetime
    observed_from: datetime | None
    observed_to: datetime | None


def covering(session: Session, owner: str, about: About, *, before: datetime) -> SelfInspection | None:
    """Return the declaration, made before an instant, whose span holds all that was observed; the newest of several."""
    first, last = _days(about)
    asked = {"owner": owner, "enterprise": about.enterprise_id, "before": before, "first": first, "last": last}
    ids = session.connection().execute(_LIKELY, asked).scalars().all()
    found = (session.get(SelfInspection, one, populate_existing=True) for one in ids)
    return covering_of([one for one in found if one], owner, about)


def covering_of(declared: Sequence[SelfInspection], owner: str, about: About) -> SelfInspection | None:
    """Return the first of an enterprise's declarations that is of this bureau and whose span holds all."""
    if not declared:
        return None
    first, last = _days(about)
    held = (one for one in declared if one.owner == owner and one.found_on <= first and last <= one.until_on)
    return next((one for one in held if _is_about(one, about)), None)


def standing(session: Session, enterprises: Collection[str], *, before: datetime) -> dict[str, list[SelfInspection]]:
    """Return what each of many enterprises declared before an instant and stands, the newest first: for a batch."""
    asked = {"enterprises": sorted(enterprises), "before": before}
    ids = session.connection().execute(_STANDING, asked).scalars().all()
    found: dict[str, list[SelfInspection]] = {}
    for one in (session.get(SelfInspection, one, populate_existing=True) for one in ids):
        if one is not None:
            found.setdefault(one.enterprise_id, []).append(one)
    return found


def _days(about: About) -> tuple[date, date]:
    """Return the first and the last legal day of what was observed."""
    begin = about.observed_from or about.observed_to or about.discovered_at
    return today(begin), today(about.observed_to or begin)


def _likely() -> Select[tuple[UUID]]:
    """Asked at every report and seldom answered with anything, so it is built once and read through Core."""
    row = table_of(SelfInspection).c
    statement = core_select(row.id).where(
        row.enterprise_id == bindparam("enterprise"),
        row.owner == bindparam("owner"),
        row.created_at <= bindparam("before"),
        row.found_on <= bindparam("first"),
        row.planned_on >= bindparam("last"),
        row.state.in_(COUNTS),
    )
    return statement.order_by(row.id.desc())


_LIKELY = _likely()


def _standing() -> Select[tuple[UUID]]:
    """The same for many enterprises, whatever the days."""
    row = table_of(SelfInspection).c
    among = row.enterprise_id.in_(bindparam("enterprises", expanding=True))
    statement = core_select(row.id).where(among, row.created_at <= bindparam("before"), row.state.in_(COUNTS))
    return statement.order_by(row.id.desc())


_STANDING = _standing()


def _is_about(declared: SelfInspection, about: About) -> bool:
    if declared.outlet_id is not None and declared.outlet_id != about.outlet_id:
        return False
    if declared.pollutant is not None and declared.pollutant != about.pollutant:
        return False
    return declared.direction is None or declared.direction == _directions().get(about.rule_id or "")


@cache
def _directions() -> Mapping[str, str]:
    return {rule.id: rule.direction for rule in load().values()}


def reason(declared: SelfInspection) -> dict[str, Any]:
    """Return what a clue says of the declaration it falls under."""
    problem, span = declared.problem[:MOST_WORDS], (declared.found_on, declared.until_on)
    return {
        "zh": f"企业已自查申报（{span[0]} 至 {span[1]}）：{problem}",
        "en": f"declared by the enterprise itself ({span[0]} to {span[1]}): {problem}",
        "declared": declared.ref,
    }


def reason_beyond(ref: str) -> dict[str, Any]:
    """Return what a clue says once a further report reaches beyond the declaration."""
    return {
        "zh": "后续报告超出企业自查申报的范围，不再视为已申报",
        "en": "a further report reaches beyond what the enterprise declared: it no longer counts as declared",
        "declared": ref,
    }


def ground(session: Session, ref: str | None, result: str, clue: Any) -> str | None:
    """Return the verified declaration a result `corrected` rests on: the one named, else the clue's own.

    Raises BodyInvalid for one that is not verified, of another enterprise, outlet or bureau, or for another result.
    """
    if ref is None:
        own = _declaration(session, clue.declared_ref) if result == "corrected" and clue.declared_ref else None
        return own.ref if own is not None and own.state == "verified" else None
    if result != "corrected":
        raise _wrong("not_corrected", "只有“已改正”可以以自查为依据", "Only 'corrected' rests on a self-inspection")
    found = _declaration(session, ref)
    if found is None or found.owner != clue.owner or found.enterprise_id != clue.enterprise_id:
        raise _wrong("not_of_this_clue", "没有该企业的这项自查", "That is no self-inspection of this enterprise")
    if found.outlet_id is not None and found.outlet_id != clue.outlet_id:
        raise _wrong("another_outlet", "该自查是另一排口的", "That self-inspection is of another outlet")
    if found.state != "verified":
        raise _wrong("not_verified", "该自查的改正尚未核实", "The correction of that self-inspection is not verified")
    return found.ref


def _declaration(session: Session, ref: str) -> SelfInspection | None:
    return session.get(SelfInspection, UUID(ref.partition(":")[2]))


def _wrong(code: str, zh: str, en: str) -> BodyInvalid:
    return wrong("ground_ref", code, zh, en)
