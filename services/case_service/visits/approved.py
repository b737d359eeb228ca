"""Note what the clue room tells of visits, and refuse a site record that no approved visit stands behind."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.case_service.cases.models import Case
from services.case_service.visits.models import Visit
from shared.errors import BodyInvalid, Text, wrong
from shared.events import Event, Progressed
from shared.identity import Principal
from shared.matters.models import Between
from shared.records.db import Row
from shared.records.describing import SPAN, is_site_record, span_of
from shared.records.enterprises import is_same_enterprise
from shared.records.evidence import Description
from shared.records.room import room_of

ON_SITE = ("under_way", "recorded")
"""States of a visit in which somebody was let in under an approval, given before or afterwards."""


SEEN_AT = ("inspected_at", "rechecked_at", "followed_up_at")
"""Fields of steps that say when something was seen on site."""


def note_visit(session: Session, event: Event) -> Visit:
    """Note how far a visit has come; an older message never undoes a newer one."""
    told, room = Progressed.model_validate(event.data), room_of(session)
    found = session.get(Visit, event.subject)
    if found is not None and found.version >= event.sequence:
        return found
    partners = " ".join(told.stated.get("joined_agencies", ()))
    row = Visit(
        ref=event.subject,
        owner=told.owner,
        partners=partners,
        enterprise_id=told.enterprise_id,
        enterprise_name=told.enterprise_name,
        state=told.state,
        began_at=_instant(told.stated.get("visit_started_at")),
        until_at=_instant(told.stated.get("visit_until_at")),
        version=event.sequence,
        told_at=room.clock(),
    )
    return session.merge(row)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def check_stated(session: Session, stated: Mapping[str, Any], case: Case, *, by: Principal) -> None:
    """Refuse a step that records what was seen at another time than on the visit it names. Raises BodyInvalid."""
    if not stated.get("inspection_ref"):
        return
    visit = require(session, stated["inspection_ref"], case.enterprise_id, by=by, field="stated.inspection_ref")
    for name in SEEN_AT:
        at = stated.get(name)
        if at is not None:
            require_during(visit, at, f"stated.{name}")


def require_during(visit: Visit, at: datetime, field: str) -> None:
    """Refuse what was seen at another time than on the visit. Raises BodyInvalid."""
    if not (visit.began_at and visit.until_at and visit.began_at <= at <= visit.until_at):
        zh, en = "不在该检查的起止时间内", "It lies outside the time of that inspection"
        raise _wrong(field, "outside_the_visit", zh, en)


def require(session: Session, ref: str, enterprise_id: str, *, by: Principal, field: str) -> Visit:
    """Return the visit a site record rests on. Raises BodyInvalid for one not approved, not made, or made elsewhere."""
    found = session.get(Visit, ref)
    if found is None or by.agency not in (found.owner, *found.partners.split()):
        raise _wrong(field, "not_visible", "没有可供您引用的该检查", "There is no such inspection that you may name")
    if not is_same_enterprise(found.enterprise_id, enterprise_id):
        raise _wrong(field, "another_enterprise", "该检查是对另一企业的", "That inspection was of another enterprise")
    if found.state not in ON_SITE:
        zh, en = "该检查未获批准或者尚未进入现场", "That inspection is not approved, or nobody entered yet"
        raise _wrong(field, "not_approved", zh, en)
    return found


def check_site_record(session: Session, subject: Row, described: Description, by: Principal) -> None:
    """Refuse a site record in a case, or a measure of it, that rests on no approved visit, or was made at another time.

    It names the visit (detail `inspection_ref`) and says from when to when (`began_at`, `ended_at`).
    """
    if not is_site_record(session, described):
        return
    case = subject if isinstance(subject, Case) else _case_of(session, subject)
    ref = str(described.details.get("inspection_ref", ""))
    visit = require(session, ref, case.enterprise_id, by=by, field="details.inspection_ref")
    for name, at in zip(SPAN, span_of(described), strict=True):
        require_during(visit, at, f"details.{name}")


def _case_of(session: Session, measure: Row) -> Case:
    assert isinstance(measure, Between)
    case = session.get(Case, UUID(measure.about.partition(":")[2]))
    assert case is not None, "a measure is opened in a case"
    return case


def _wrong(field: str, code: str, zh: str, en: str) -> BodyInvalid:
    next_step = Text(
        "先申请检查并获批准（/v1/inspections）", "Request an inspection and have it approved (/v1/inspections)"
    )
    return wrong(field, code, zh, en, next=next_step)
