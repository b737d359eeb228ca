"""The switch to a serious case: environment leads, the police come early, the procuratorate supervises.

One step: the police and the procuratorate see the case, the police are told (衔接办法第二十六条), the procuratorate is
asked in writing for its opinion (第二十四、二十九条), and its seven days begin when it receives the question.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session

from services.case_service.cases import asking, queries
from services.case_service.cases.asking import Wanted
from services.case_service.cases.models import Case
from services.case_service.cases.stepping import taken
from shared.errors import BodyInvalid, Text
from shared.identity import Principal
from shared.matters.stating import AgencyId
from shared.records import parties
from shared.records.db import Party, put, table_of
from shared.records.perform import admit, require_actor
from shared.records.room import Room, room_of
from shared.records.views import Body, LongWords, Words

POLICE, PROCURATORATE = "public_security_organ", "people_procuratorate"


class TurnSerious(Body):
    """Turn the case into a serious one, as the head approved; who comes in is found by level unless named."""

    grounds: LongWords
    approved_by: Words
    police: AgencyId | None = None
    procuratorate: AgencyId | None = None
    question: LongWords | None = None
    """What the procuratorate is asked; left out: the grounds."""


class EndSerious(Body):
    """End the handling as a serious case: the observers no longer see it; what was opened for it goes on."""

    reasons: LongWords


class Turned(Body):
    """What the step writes."""

    serious_grounds: str
    approved_by: str
    observers: list[str]
    matters: list[dict[str, object]]


def turn(session: Session, case_id: UUID, body: TurnSerious, *, by: Principal, now: datetime) -> Case:
    """Turn a case into a serious one."""
    case = queries.case(session, case_id, seen_by=by)
    require_actor(session, case, "mark_serious", by=by)
    room = room_of(session)
    police = _agency(room, case, body.police, POLICE, "police")
    procuratorate = _agency(room, case, body.procuratorate, PROCURATORATE, "procuratorate")
    involve = Wanted(
        "early_involvement",
        {"receiver": [police], "copied": [procuratorate]},
        {"grounds": body.grounds},
        then=("notify",),
    )
    question = body.question or body.grounds
    consult = Wanted("consultation", {"receiver": [procuratorate]}, {"question": question}, then=("ask_in_writing",))
    matters = [asking.matter(session, case, wanted, by=by, now=now) for wanted in (involve, consult)]
    admit(session, case, {"observer": [police, procuratorate, *parties.superiors(room, [police, procuratorate])]})
    written = Turned(
        serious_grounds=body.grounds, approved_by=body.approved_by, observers=[police, procuratorate], matters=matters
    )
    return _flagged(session, taken(session, case, "mark_serious", written, by=by, now=now), is_serious=True)


def end(session: Session, case_id: UUID, body: EndSerious, *, by: Principal, now: datetime) -> Case:
    """End it: the right to look ends with it."""
    case = queries.case(session, case_id, seen_by=by)
    performed = taken(session, case, "end_serious", body, by=by, now=now)
    table = table_of(Party)
    its = (table.c.kind == case.kind) & (table.c.subject_id == case.id) & (table.c.relation == "observer")
    session.execute(table.delete().where(its))
    return _flagged(session, performed, is_serious=False)


def _flagged(session: Session, case: Case, *, is_serious: bool) -> Case:
    """Keep what the case now is; the guards of both steps ask for it."""
    values = {"stated": case.stated | {"is_serious": is_serious}}
    table = table_of(Case)
    session.execute(update(table).where(table.c.id == case.id).values(**values))
    put(case, values)
    return case


def _agency(room: Room, case: Case, named: str | None, kind: str, field: str) -> str:
    """Return the agency named, or the one of that kind and the bureau's own level. Raises BodyInvalid."""
    owner = room.catalogue.agencies[case.owner]
    same = (one.id for one in room.catalogue.agencies.values() if one.kind == kind and one.division == owner.division)
    found = named or next(same, "")
    known = room.catalogue.agencies.get(found)
    if known is None or known.kind != kind:
        words = Text(f"请指明“{field}”", f"Name an agency for '{field}'")
        raise BodyInvalid(words, errors=[{"field": field, "code": "unknown_agency", "message": words}])
    return found
