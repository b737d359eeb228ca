"""Notices of days off: taken from an administrator, kept, and passed on to every room, which counts anew."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, select

from gateway.deps import ActingDep, ReadDep, RoomDep, act
from gateway.identity.queries import check_administrator
from shared.clock import new_id
from shared.errors import NotYourStep, Text
from shared.events import EVENTS, CalendarChanged, Origin, envelope
from shared.identity import Principal
from shared.records import calendars
from shared.records.calendars import CalendarNotice
from shared.records.deliveries import parcel_values, queue
from shared.records.journal import Fact, canonical, chain
from shared.records.room import room_of
from shared.records.views import NO_NUL

router = APIRouter(prefix="/v1/calendar-notices", tags=["law"])
EVENT = "calendar.changed"
Paper = Annotated[str, Field(max_length=500, pattern=NO_NUL)]


class NoticeDay(BaseModel):
    """A day a notice names: off, or a weekend day to be worked."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=NO_NUL)]
    date: date
    isOffDay: bool
    """Named as in the published files."""


class NewNotice(BaseModel):
    """A notice in the shape of the published holiday files; `adjusts`: single days of a year already published.

    `papers` holds the addresses of the official paper: a notice without one leaves the year provisional.
    """

    model_config = ConfigDict(extra="forbid")

    year: Annotated[int, Field(ge=2007, le=2099)]
    papers: Annotated[list[Paper], Field(max_length=10)] = []
    days: Annotated[list[NoticeDay], Field(min_length=1, max_length=120)]
    adjusts: Literal[True] | None = None
    source: Annotated[str, Field(max_length=500, pattern=NO_NUL)] = ""


class NoticeView(BaseModel):
    """A notice that the desk counts with."""

    digest: str
    year: int
    adjusts: bool
    papers: list[str]
    source: str
    taken_at: datetime
    first_on: date
    last_on: date
    days: list[dict[str, Any]]


@router.get("")
def list_notices(session: ReadDep, by: ActingDep) -> list[NoticeView]:
    """List the notices taken since the desk was set up, in the order they came."""
    return [view(one) for one in calendars.known(session)]


@router.post("", status_code=201, responses={200: {"model": NoticeView, "description": "Known already"}})
def add_notice(body: NewNotice, room: RoomDep, by: ActingDep, response: Response) -> NoticeView:
    """Take a notice: every room counts its open clocks anew, journals each date that moved, and tells whom it binds.

    Only an administrator of the bureau that has no superior may; a notice taken before changes nothing.
    """
    found, is_new = act(room, lambda session, now: take(session, body, by=by, now=now))
    if not is_new:
        response.status_code = 200
    return view(found)


def take(session: Session, body: NewNotice, *, by: Principal, now: datetime) -> tuple[CalendarNotice, bool]:
    """Keep a notice and send it to the rooms, once. Returns it and whether it is new.

    Raises NotYourStep or BodyInvalid.
    """
    check_administrator(by)
    mine = room_of(session).catalogue.agencies.get(by.agency)
    if mine is None or mine.superior or not mine.kind.startswith("ecological"):
        words = Text("放假安排由最上级生态环境主管部门录入", "Days off are entered by the highest environment bureau")
        raise NotYourStep(words)
    notice = body.model_dump(mode="json", exclude={"source"}, exclude_none=True)
    digest = calendars.digest_of(notice)
    known = session.exec(select(CalendarNotice).where(CalendarNotice.digest == digest)).first()
    if known is not None:
        return known, False
    found = calendars.keep(session, notice, source=body.source, now=now)
    assert found is not None
    ref, journey = f"calendar:{digest[:16]}", new_id(now)
    fact = Fact(EVENT, {"notice": notice, "source": body.source})
    entry = chain(session, ref, fact, journey_id=journey, by=by, now=now)
    told = CalendarChanged(notice=notice, source=body.source).model_dump(mode="json")
    origin = Origin("gateway", ref, journey, entry["seq"])
    event = canonical(envelope(EVENT, told, origin, message_id=entry["id"], now=now))
    message = (entry["id"], EVENT, event)
    parcels = [parcel_values(*message, line="calendar", receiver=room, now=now) for room in EVENTS[EVENT].receivers]
    queue(session, parcels)
    return found, True


def view(notice: CalendarNotice) -> NoticeView:
    """Return a notice as it is shown."""
    said = orjson.loads(notice.days)
    row = notice.model_dump(include={"digest", "source", "taken_at", "first_on", "last_on"})
    told = {name: said[name] for name in ("year", "papers", "days")}
    row["taken_at"] = notice.taken_at.astimezone(UTC)
    return NoticeView(**row, **told, adjusts=bool(said.get("adjusts")))
