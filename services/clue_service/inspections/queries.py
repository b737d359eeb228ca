"""Reads of inspections: whether a visit was approved, how often an enterprise is visited, what else is planned."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from services.clue_service.access import scope
from services.clue_service.clues.models import INSPECTION_REF, Clue
from services.clue_service.inspections.models import Inspection, InspectionPlan, LeftAlone, VisitWarning
from shared.clock import today
from shared.errors import BodyInvalid, NotVisible, Text, wrong
from shared.identity import Principal
from shared.records.db import Row, relations_of
from shared.records.describing import SPAN, is_site_record, span_of
from shared.records.enterprises import enterprise_key, is_same_enterprise
from shared.records.evidence import Description
from shared.records.room import room_of

ON_SITE = ("under_way", "recorded")
"""States in which somebody was let in under an approval, given before or afterwards."""
MADE_BY = frozenset({"owner", "partner"})
"""Who was on a visit; a superior sees it and was not there."""
PLANNED = ("requested", "approved", "notified")
COUNTED = (*PLANNED[1:], "under_way", "recorded", "emergency", "emergency_recorded")
BEGAN, UNTIL = "visit_started_at", "visit_until_at"
"""What a visit states of the time within which something was seen on it."""
OFTEN = ((1, 1), (7, 2), (31, 3))
"""Days and the most visits within them before a warning; agreed among agencies, not law."""
DEFAULT_CAP = 2
"""Routine visits of one enterprise in a year where the agency set no plan."""


def require_visit(session: Session, ref: str, clue: Clue, *, by: Principal) -> Inspection:
    """Return the visit a clue was verified on. Raises BodyInvalid for one that was never approved or made elsewhere."""
    found = session.get(Inspection, UUID(ref.partition(":")[2]))
    if found is None or not MADE_BY & relations_of(session, "inspection", found.id, by):
        raise _wrong("not_visible", "没有可供您查看的该检查", "There is no such inspection that you may see")
    if not is_same_enterprise(found.enterprise_id, clue.enterprise_id):
        raise _wrong("another_enterprise", "该检查是对另一企业的", "That inspection was of another enterprise")
    if found.state not in ON_SITE:
        raise _wrong(
            "not_approved",
            "该检查未获批准或者尚未进入现场，不能作为现场核查",
            "That inspection is not approved or nobody entered yet: it is no verification on site",
        )
    if datetime.fromisoformat(found.stated[UNTIL]) < clue.discovered_at:
        raise _wrong(
            "before_the_clue", "该检查在发现线索前已结束", "That inspection was over before the clue was found"
        )
    return found


def check_site_record(session: Session, subject: Row, described: Description, by: Principal) -> None:
    """Refuse a site record that rests on no approved visit, its own subject or one a clue names, or of another time."""
    if not is_site_record(session, described):
        return
    visit = subject
    if isinstance(subject, Inspection) and subject.state not in (*ON_SITE, "emergency", "emergency_recorded"):
        raise _wrong("not_approved", "检查未获批准或者尚未进入现场", "The visit is not approved, or nobody entered yet")
    if isinstance(subject, Clue):
        ref = str(described.details.get("inspection_ref", ""))
        if re.fullmatch(INSPECTION_REF, ref) is None:
            zh, en = "请写明依据的检查（inspection_ref）", "Name the inspection it rests on (inspection_ref)"
            raise _wrong("missing", zh, en)
        visit = require_visit(session, ref, subject, by=by)
    if isinstance(visit, Inspection):
        _require_during(visit, described)


def _require_during(visit: Inspection, described: Description) -> None:
    first, last = (datetime.fromisoformat(visit.stated[name]) for name in (BEGAN, UNTIL))
    for name, at in zip(SPAN, span_of(described), strict=True):
        if not first <= at <= last:
            zh, en = "不在该检查的起止时间内", "It lies outside the time of that inspection"
            raise wrong(f"details.{name}", "outside_the_visit", zh, en)


def _wrong(code: str, zh: str, en: str) -> BodyInvalid:
    return wrong("inspection_ref", code, zh, en)


def cap(session: Session, agency: str, year: int) -> int:
    """Return how often an agency may visit one enterprise by routine in a year."""
    plan = session.get(InspectionPlan, (agency, year))
    return plan.cap if plan is not None else DEFAULT_CAP


def left_alone(session: Session, agency: str, enterprise_id: str, *, on: date) -> LeftAlone | None:
    """Return the entry of the positive list that holds on a day: the agency's own or its superior's."""
    above = room_of(session).catalogue.agencies[agency].superior
    for one in filter(None, (agency, above)):
        entry = session.get(LeftAlone, (one, enterprise_key(enterprise_id)))
        if entry is not None and entry.until_on >= on:
            return entry
    return None


def of_enterprise(session: Session, enterprise_id: str, states: Sequence[str], *, other_than: UUID) -> list[Inspection]:
    """Return the visits of an enterprise by every agency, by day: what is joined must be known across agencies."""
    is_there = Inspection.enterprise_id == enterprise_key(enterprise_id)
    statement = select(Inspection).where(is_there, Inspection.id != other_than, col(Inspection.state).in_(states))
    return list(session.exec(statement.order_by(col(Inspection.planned_on), col(Inspection.id))))


def day_of(inspection: Inspection) -> date | None:
    """Return the day of a visit: when somebody entered, else the planned day."""
    return today(inspection.visit_started_at) if inspection.visit_started_at else inspection.planned_on


def routine_in(session: Session, inspection: Inspection, year: int) -> int:
    """Return how many other routine visits of the owner count against the enterprise's cap in a year."""
    found = of_enterprise(session, inspection.enterprise_id, COUNTED, other_than=inspection.id)
    days = [day_of(one) for one in found if one.owner == inspection.owner and one.visit_nature == "daily"]
    return sum(day is not None and day.year == year for day in days)


def warnings(session: Session, inspection: Inspection) -> list[VisitWarning]:
    """Return how often the enterprise is visited around the day of this visit, by any agency, where that is often."""
    own = day_of(inspection)
    if own is None:
        return []
    found = of_enterprise(session, inspection.enterprise_id, COUNTED, other_than=inspection.id)
    days = [day for one in found if (day := day_of(one)) is not None]
    warned = []
    for span, most in OFTEN:
        near = 1 + sum(abs((day - own).days) < span for day in days)
        if near > most:
            zh = f"该企业前后 {span} 日内将有 {near} 次检查，超过约定的 {most} 次"
            en = f"{near} visits of this enterprise lie within {span} days, more than the {most} agreed on"
            warned.append(VisitWarning(code="visited_often", visits=near, days=span, most=most, zh=zh, en=en))
    return warned


def by_code(session: Session, code: str) -> Inspection:
    """Return the visit of a door code. Raises NotVisible."""
    found = session.exec(select(Inspection).where(Inspection.door_code == code)).first()
    if found is None:
        raise NotVisible(Text("没有该检查码", "There is no such code"))
    return found


def register(session: Session, begin: date, until: date, *, by: Principal) -> list[Inspection]:
    """Return the visits of one's own agency and those under it whose day lies between two days, by day."""
    owners = {by.agency, *scope(room_of(session).catalogue, by)}
    statement = select(Inspection).where(col(Inspection.owner).in_(owners))
    begins = datetime.combine(begin, datetime.min.time())
    days = ((day_of(one) or today(one.created_at), one) for one in session.exec(statement))
    chosen = [(day, one) for day, one in days if begins.date() <= day <= until]
    return [one for _, one in sorted(chosen, key=lambda pair: (pair[0], pair[1].id))]


JOIN_WITHIN = timedelta(days=7)
"""How near two planned visits of one enterprise are to be made as one; agreed among agencies, not law."""


def to_join(session: Session, inspection: Inspection) -> list[Inspection]:
    """Return approved visits of other requests near this one's day, which it is to be merged into."""
    own = inspection.planned_on
    if own is None:
        return []
    found = of_enterprise(session, inspection.enterprise_id, ("approved", "notified"), other_than=inspection.id)
    return [one for one in found if one.planned_on is not None and abs(one.planned_on - own) <= JOIN_WITHIN]
