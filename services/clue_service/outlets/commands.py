"""What can be done with an outlet: it is registered, and what is registered is replaced."""

from datetime import UTC, datetime

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from services.clue_service.access import no_such_outlet, require, scope
from services.clue_service.outlets import queries
from services.clue_service.outlets.models import Outlet, OutletLimit, RegisterOutlet
from shared.clock import new_id
from shared.errors import DuplicateSubject, NotYourStep, Stale, Text
from shared.identity import Principal
from shared.records.db import table_of
from shared.records.journal import Fact, chain
from shared.records.parties import competent_bureau
from shared.records.room import room_of


def register(
    session: Session, outlet_id: str, body: RegisterOutlet, *, by: Principal, now: datetime
) -> tuple[Outlet, bool]:
    """Register an outlet or replace what is registered; returns it and whether it is new.

    What was registered before stays in its journal (`outlet:<id>`); a repetition that changes nothing writes nothing.
    Raises NotYourStep, NotVisible for an outlet of another bureau, DuplicateSubject for a device that is taken.
    """
    require(by, "register")
    room = room_of(session)
    mine = scope(room.catalogue, by)
    owner = competent_bureau(room, body.division)
    if owner not in mine:
        raise NotYourStep(Text("该行政区划不归本部门管辖", "The division is not your bureau's"), division=body.division)
    known = session.get(Outlet, outlet_id, populate_existing=True)
    if known is not None and known.owner not in mine:
        raise no_such_outlet()
    _refuse_taken(session, outlet_id, body.mn)
    if known is not None and stated(session, known) == body:
        return known, False
    at = now.astimezone(UTC)
    columns = body.model_dump(exclude={"limits"}) | {"owner": owner, "updated_at": at}
    kept = known or Outlet(outlet_id=outlet_id, journey_id=new_id(now), created_at=at, **columns)
    for name, value in columns.items():
        setattr(kept, name, value)
    _write(session, kept, body)
    fact = Fact("outlet.registered" if known is None else "outlet.replaced", body.model_dump(mode="json"))
    chain(session, f"outlet:{outlet_id}", fact, journey_id=kept.journey_id, by=by, now=now)
    return kept, known is None


def _refuse_taken(session: Session, outlet_id: str, mn: str | None) -> None:
    if mn is None:
        return
    other = session.exec(select(Outlet.outlet_id).where(Outlet.mn == mn)).first()
    if other not in (None, outlet_id):
        raise DuplicateSubject(Text(f"设备编号 {mn} 已登记在另一排口", f"Device {mn} is registered at another outlet"))


def stated(session: Session, known: Outlet) -> RegisterOutlet:
    """Return what is registered now, in the shape of the body."""
    held = queries.limits(session, [known.outlet_id]).get(known.outlet_id, [])
    limits = [one.model_dump(exclude={"outlet_id"}) for one in held]
    registered = known.model_dump(include=set(RegisterOutlet.model_fields))
    return RegisterOutlet.model_validate(registered | {"limits": limits})


def _write(session: Session, kept: Outlet, body: RegisterOutlet) -> None:
    """Write the outlet and its limits. Raises Stale when somebody registers the same one at this moment."""
    session.add(kept)
    limits = table_of(OutletLimit)
    try:
        session.flush()
        session.execute(delete(limits).where(limits.c.outlet_id == kept.outlet_id))
        rows = [{"outlet_id": kept.outlet_id, **one.model_dump()} for one in body.limits]
        if rows:
            session.execute(insert(limits), rows)
    except IntegrityError as taken:
        raise Stale(subject=f"outlet:{kept.outlet_id}") from taken
