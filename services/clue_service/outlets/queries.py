"""Reads of outlets and their limits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from services.clue_service.access import no_such_outlet, scope
from services.clue_service.outlets.models import LimitBody, Outlet, OutletLimit, OutletView
from shared.identity import Principal
from shared.records.room import room_of

T = TypeVar("T")
PART = 500
"""How many values one IN clause carries."""


def outlet(session: Session, outlet_id: str, *, seen_by: Principal) -> Outlet:
    """Return an outlet. Raises NotVisible."""
    found = session.get(Outlet, outlet_id, populate_existing=True)
    if found is None or found.owner not in scope(room_of(session).catalogue, seen_by):
        raise no_such_outlet()
    return found


def page(session: Session, *, by: Principal, after: str | None, limit: int) -> tuple[list[Outlet], str | None]:
    """Return the outlets a principal may see in the order of their ids, and the id to go on after (None: no more)."""
    statement = select(Outlet).where(col(Outlet.owner).in_(scope(room_of(session).catalogue, by)))
    if after is not None:
        statement = statement.where(Outlet.outlet_id > after)
    found = list(session.exec(statement.order_by(col(Outlet.outlet_id)).limit(limit)))
    return found, found[-1].outlet_id if len(found) == limit else None


def views(session: Session, outlets: Sequence[Outlet]) -> list[OutletView]:
    """Return outlets as they are shown, their limits read in one go."""
    held = limits(session, [one.outlet_id for one in outlets])
    return [_view(one, held.get(one.outlet_id, [])) for one in outlets]


def _view(found: Outlet, limits_of_it: list[OutletLimit]) -> OutletView:
    stated: dict[str, Any] = found.model_dump()
    return OutletView(**stated, limits=[LimitBody.model_validate(one) for one in limits_of_it])


def limits(session: Session, outlet_ids: Iterable[str]) -> dict[str, list[OutletLimit]]:
    """Return the limits of outlets by outlet, each list in the order of the pollutants."""
    found: dict[str, list[OutletLimit]] = {}
    for part in parts(outlet_ids):
        statement = select(OutletLimit).where(col(OutletLimit.outlet_id).in_(part))
        for one in session.exec(statement.order_by(col(OutletLimit.outlet_id), col(OutletLimit.pollutant))):
            found.setdefault(one.outlet_id, []).append(one)
    return found


def by_device(session: Session, devices: Iterable[str], *, by: Principal) -> Mapping[str, Outlet]:
    """Return the outlets that devices (MN) report for, by MN; unknown and foreign devices are left out."""
    mine, found = scope(room_of(session).catalogue, by), {}
    for part in parts(devices):
        for one in session.exec(select(Outlet).where(col(Outlet.mn).in_(part))):
            if one.owner in mine and one.mn is not None:
                found[one.mn] = one
    return found


def by_id(session: Session, outlet_ids: Iterable[str], *, by: Principal) -> Mapping[str, Outlet]:
    """Return the outlets with these ids that a principal may see, by id."""
    mine, found = scope(room_of(session).catalogue, by), {}
    for part in parts(outlet_ids):
        for one in session.exec(select(Outlet).where(col(Outlet.outlet_id).in_(part))):
            if one.owner in mine:
                found[one.outlet_id] = one
    return found


def to_judge(session: Session, named: Sequence[str] | None, *, by: Principal) -> list[Outlet]:
    """Return the outlets of the caller's own bureau, only the named ones when ids are given.

    Raises NotVisible when one of the named is not there or is another's.
    """
    if named is None:
        return list(session.exec(select(Outlet).where(Outlet.owner == by.agency).order_by(col(Outlet.outlet_id))))
    mine = [one for one in by_id(session, named, by=by).values() if one.owner == by.agency]
    if len(mine) < len(set(named)):
        raise no_such_outlet()
    return mine


def parts(values: Iterable[T]) -> Iterator[list[T]]:
    """Cut values, each once, into lists an IN clause can carry."""
    rest = iter(dict.fromkeys(values))
    while part := list(islice(rest, PART)):
        yield part
