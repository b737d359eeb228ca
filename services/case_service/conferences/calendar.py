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
STATUS = {"adjourned": "TENTATIVE", "cancelled": "CANCELLED"}
"""State of a conference -> STATUS of its event; in any other state it is confirmed."""
REMINDER = timedelta(hours=-24)
CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
"""What a parameter cannot hold (RFC 5545 section 3.1); values of properties are escaped by the library."""


def invitation(session: Session, found: Conference, *, now: datetime) -> str:
    """Return the invitation as it stands: REQUEST, or CANCEL once the conference is cancelled.

    While the conference is put off it is tentative: its time is the old one and holds no more.
    """
    method: Method = "CANCEL" if found.state == "cancelled" else "REQUEST"
    room = room_of(session)
    event = _event(room, found, method, now)
    for one in rows(session, Invitation, found):
        _add_attendees(room, event, one)
    return _text(method, event)


def reply(session: Session, found: Conference, one: Invitation, *, now: datetime) -> str:
    """Return the REPLY of an agency to the organizer."""
    room = room_of(session)
    event = _event(room, found, "REPLY", now)
    _add_attendees(room, event, one, with_people=False)
    return _text("REPLY", event)


def withdrawal(session: Session, found: Conference, one: Invitation, *, now: datetime) -> str:
    """Return the CANCEL for an agency that stands aside and its people: for the others the conference goes on.

    It has no STATUS, which would cancel it for all (RFC 5546 section 3.2.5), and tells nothing of what came after.
    """
    room = room_of(session)
    event = _bare_event(room, found, now)
    _add_attendees(room, event, one)
    return _text("CANCEL", event)


def for_agency(session: Session, found: Conference, agency: str, *, now: datetime) -> tuple[Method, str]:
    """Return what an agency's calendar is to hold of the conference, and the method it comes with."""
    mine = next((one for one in rows(session, Invitation, found) if one.agency == agency), None)
    if mine is not None and mine.state == "recused":
        return "CANCEL", withdrawal(session, found, mine, now=now)
    return "CANCEL" if found.state == "cancelled" else "REQUEST", invitation(session, found, now=now)


def _text(method: Method, event: Event) -> str:
    calendar = Calendar()
    calendar.add("prodid", "-//Lianqin//Conferences//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(event)
    return bytes(calendar.to_ical()).decode()


def _bare_event(room: Room, found: Conference, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{found.id}@lianqin")
    event.add("sequence", found.sequence)
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("summary", found.title)
    event["organizer"] = _address(room, found.owner, name_of(room, found.owner))
    return event


def _event(room: Room, found: Conference, method: Method, now: datetime) -> Event:
    event = _bare_event(room, found, now)
    event.add("dtstart", found.starts_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtend", found.ends_at.astimezone(UTC).replace(microsecond=0))
    event.add("status", STATUS.get(found.state, "CONFIRMED"))
    if found.place or found.online:
        event.add("location", found.place or found.online)
    event.add("description", _description(found))
    if method == "REQUEST" and found.state != "adjourned":
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


def _add_attendees(room: Room, event: Event, one: Invitation, *, with_people: bool = True) -> None:
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
