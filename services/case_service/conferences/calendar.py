"""Invitations as iCalendar (RFC 5545, RFC 5546): one UID, a SEQUENCE that counts changes, REQUEST, CANCEL and REPLY."""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from icalendar import Alarm, Calendar, Event, vCalAddress, vText
from sqlmodel import Session

from services.case_service.conferences.models import Conference, Invitation
from services.case_service.conferences.queries import name_of, rows
from shared.records.room import Room, room_of

Method = Literal["REQUEST", "CANCEL", "REPLY"]
PARTSTAT = {
    "invited": "NEEDS-ACTION",
    "accepted": "ACCEPTED",
    "declined": "DECLINED",
    "delegated": "DELEGATED",
    "recused": "DECLINED",
}
REMINDER = timedelta(hours=-24)
CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
"""What a parameter cannot hold (RFC 5545 section 3.1); values of properties are escaped by the library."""


def invitation(session: Session, found: Conference, *, now: datetime, only: str | None = None) -> str:
    """Return the invitation as it stands: REQUEST, or CANCEL once the conference is cancelled.

    With `only` it is the REPLY of that agency to the organizer.
    """
    method: Method = "REPLY" if only else "CANCEL" if found.state == "cancelled" else "REQUEST"
    room, calendar = room_of(session), Calendar()
    calendar.add("prodid", "-//Lianqin//Conferences//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    event = _event(room, found, method, now)
    for one in rows(session, Invitation, found):
        if only in (None, one.agency):
            _add_attendees(room, event, one, with_people=only is None)
    calendar.add_component(event)
    return bytes(calendar.to_ical()).decode()


def _event(room: Room, found: Conference, method: Method, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{found.id}@lianqin")
    event.add("sequence", found.sequence)
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", found.starts_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtend", found.ends_at.astimezone(UTC).replace(microsecond=0))
    event.add("summary", found.title)
    event.add("status", "CANCELLED" if found.state == "cancelled" else "CONFIRMED")
    if found.place or found.online:
        event.add("location", found.place or found.online)
    event.add("description", _description(found))
    event["organizer"] = _address(room, found.owner, name_of(room, found.owner))
    if method == "REQUEST":
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", found.title)
        alarm.add("trigger", REMINDER)
        event.add_component(alarm)
    return event


def _description(found: Conference) -> str:
    agenda = [f"{number}. {item['title']}" for number, item in enumerate(found.agenda, start=1)]
    join = [f"线上参会：{found.online}"] if found.online else []
    why = [f"说明：{found.reason}"] if found.reason else []
    return "\n".join([found.summary, *agenda, *join, *why]).strip()


def _add_attendees(room: Room, event: Event, one: Invitation, *, with_people: bool) -> None:
    agency = _address(room, one.agency, name_of(room, one.agency))
    agency.params["CUTYPE"] = vText("GROUP")
    agency.params["ROLE"] = vText("REQ-PARTICIPANT" if one.is_required else "OPT-PARTICIPANT")
    agency.params["PARTSTAT"] = vText(PARTSTAT[one.state])
    if one.delegated_to:
        agency.params["DELEGATED-TO"] = [_address(room, one.delegated_to, "")]
    if one.state == "invited":
        agency.params["RSVP"] = vText("TRUE")
    event.add("attendee", agency, encode=False)
    for number, person in enumerate(one.people if with_people else (), start=1):
        address = _address(room, f"{one.agency}.{number}", str(person["name"]))
        address.params["CUTYPE"] = vText("INDIVIDUAL")
        address.params["MEMBER"] = [_address(room, one.agency, "")]
        address.params["PARTSTAT"] = vText(PARTSTAT[one.state])
        event.add("attendee", address, encode=False)


def _address(room: Room, local: str, name: str) -> vCalAddress:
    domain = room.settings.smtp_from.rpartition("@")[2]
    address = vCalAddress(f"mailto:{local}@{domain}")
    if name:
        address.params["CN"] = vText(CONTROLS.sub(" ", name))
    return address
