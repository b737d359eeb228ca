"""The clocks one may see as a calendar: one event a clock, the same UID for its life, a new sequence when it moves."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Alarm, Calendar, Event, vText
from sqlmodel import Session, col, select

from gateway.notices.models import CalendarEvent
from shared.clock import ZONE
from shared.records.db import one_at_a_time
from shared.records.views import DeadlineView

PRODUCT = "-//Lianqin//Desk//ZH"
DOMAIN = "lianqin"
ALARMS = {"hours": (timedelta(hours=4), timedelta(hours=1)), "days": (timedelta(hours=24), timedelta(hours=4))}


def remembered(session: Session, clocks: Sequence[DeadlineView], *, now: datetime) -> dict[str, CalendarEvent]:
    """Return what calendars were told of each clock, noting the dates that moved since."""
    one_at_a_time(session, "calendar_events")
    uids = {f"{clock.id}@{DOMAIN}": clock for clock in clocks}
    known = {row.uid: row for row in session.exec(select(CalendarEvent).where(col(CalendarEvent.uid).in_(list(uids))))}
    for uid, clock in uids.items():
        row = known.get(uid)
        if row is None:
            known[uid] = CalendarEvent(uid=uid, due_at=clock.due_at, sequence=0, changed_at=now)
        elif row.due_at != clock.due_at:
            row.due_at, row.sequence, row.changed_at = clock.due_at, row.sequence + 1, now
        session.add(known[uid])
    return known


def changed(session: Session, clocks: Sequence[DeadlineView]) -> dict[str, CalendarEvent] | None:
    """Return what calendars were told of each clock when nothing moved since; None when something did."""
    uids = {f"{clock.id}@{DOMAIN}": clock.due_at for clock in clocks}
    known = {row.uid: row for row in session.exec(select(CalendarEvent).where(col(CalendarEvent.uid).in_(list(uids))))}
    return known if {uid: row.due_at for uid, row in known.items()} == uids else None


def written(clocks: Iterable[DeadlineView], told: Mapping[str, CalendarEvent], name: str) -> Calendar:
    """Return the calendar of clocks."""
    found = Calendar()
    found.add("prodid", PRODUCT)
    found.add("version", "2.0")
    found.add("calscale", "GREGORIAN")
    found.add("method", "PUBLISH")
    found.add("x-wr-calname", name)
    found.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    found.add("x-published-ttl", vText("PT1H"))
    for clock in clocks:
        found.add_component(_event(clock, told[f"{clock.id}@{DOMAIN}"]))
    return found


def _event(clock: DeadlineView, told: CalendarEvent) -> Event:
    due = clock.due_at.astimezone(ZONE)
    event = Event()
    event.add("uid", told.uid)
    event.add("dtstamp", told.changed_at.astimezone(UTC))
    event.add("last-modified", told.changed_at.astimezone(UTC))
    event.add("sequence", told.sequence)
    if clock.due_on:
        day = datetime.fromisoformat(clock.due_on).date()
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
    else:
        event.add("dtstart", clock.due_at.astimezone(UTC))
    mark = "" if clock.authority == "law" and clock.verified else "〔非法定或未核验〕"
    late = "〔已逾期〕" if clock.breached_at else ""
    event.add("summary", f"{late}{mark}{clock.name_zh}")
    event.add(
        "description",
        f"{clock.name_zh} / {clock.name_en}\n{clock.cite_zh}\n届满 / lapses: {due:%Y-%m-%d %H:%M}\n{clock.subject}",
    )
    event.add("categories", [clock.party])
    event.add("transp", "TRANSPARENT")
    event.add("status", "TENTATIVE" if clock.provisional else "CONFIRMED")
    for before in ALARMS["days" if clock.due_on else "hours"]:
        event.add_component(_alarm(clock, clock.due_at - before))
    return event


def _alarm(clock: DeadlineView, at: datetime) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", clock.name_zh)
    alarm.add("trigger", at.astimezone(UTC), parameters={"VALUE": "DATE-TIME"})
    return alarm


def merged(found: Calendar, conferences: Iterable[Mapping[str, Any]]) -> Calendar:
    """Add the conferences one is invited to, from what the case room says of each."""
    for one in conferences:
        event = _conference(one)
        if event is not None:
            found.add_component(event)
    return found


def _conference(one: Mapping[str, Any]) -> Event | None:
    """Return the event of a conference; None without a date, while it is put off, or once it was called off."""
    starts = next((one[name] for name in ("starts_at", "held_at", "begins_at") if one.get(name)), None)
    if starts is None or one.get("state") in ("adjourned", "cancelled", "called_off"):
        return None
    begins = datetime.fromisoformat(starts)
    stamp = datetime.fromisoformat(one.get("updated_at") or one.get("created_at") or starts)
    event = Event()
    event.add("uid", str(one.get("uid") or f"{one['id']}@{DOMAIN}"))
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("sequence", int(one.get("sequence") or 0))
    event.add("dtstart", begins.astimezone(UTC))
    ends = one.get("ends_at")
    finish = datetime.fromisoformat(ends) if ends else begins + timedelta(hours=1)
    event.add("dtend", finish.astimezone(UTC))
    event.add("summary", str(one.get("title") or "会商 / conference"))
    if one.get("place"):
        event.add("location", str(one["place"]))
    event.add("status", "CONFIRMED")
    return event
