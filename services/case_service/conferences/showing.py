"""The parts of a conference as a reader is shown them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from services.case_service.conferences import queries
from services.case_service.conferences.content import day, opinion_line
from services.case_service.conferences.models import ActionItem, Conference, Minutes
from services.case_service.conferences.views import ActionView, MinutesView, OpinionView, SignatureView, VerifiedView
from shared.clock import today
from shared.documents.printing import render
from shared.documents.templates import Format
from shared.dossier.minutes import check_export, export
from shared.records.keyring import keyring_of
from shared.records.room import room_of
from shared.rules import document_kinds

KIND = "conference_minutes"


def opinions(session: Session, found: Conference) -> list[OpinionView]:
    """Return every version of every opinion; the newest of each agency is current."""
    listed = queries.opinions(session, found)
    newest = {one.agency: one.number for one in listed}
    return [
        OpinionView.model_validate(one).model_copy(update={"is_current": newest[one.agency] == one.number})
        for one in listed
    ]


def minutes(session: Session, found: Conference, number: int) -> MinutesView:
    """Return a version of the minutes with its signatures."""
    return _shown(session, found, queries.minutes(session, found, number))


def all_minutes(session: Session, found: Conference) -> list[MinutesView]:
    """Return every version, oldest first."""
    return [_shown(session, found, one) for one in queries.rows(session, Minutes, found)]


def _shown(session: Session, found: Conference, one: Minutes) -> MinutesView:
    signed = [SignatureView.model_validate(row) for row in queries.signatures(session, found, one.number)]
    said = {row.agency for row in signed}
    awaits = [agency for agency in queries.active(session, found) if agency not in said]
    return MinutesView(
        number=one.number, digest=one.digest, at=one.at, says=json.loads(one.body), signatures=signed, awaits=awaits
    )


def file(session: Session, found: Conference, number: int) -> bytes:
    """Return a version of the minutes as the file that `lianqin verify` checks."""
    one = queries.minutes(session, found, number)
    return export(one.body, [row.document for row in queries.signatures(session, found, number)])


def verified(session: Session, found: Conference, number: int) -> VerifiedView:
    """Return what of a version of the minutes holds, checked anew over the stored bytes."""
    one = queries.minutes(session, found, number)
    findings, said = check_export(
        file(session, found, number), keyring_of(room_of(session)).trust(), path=f"minutes-{number}"
    )
    failed = [each for each in findings if each.outcome == "fails"]
    listed = [{"code": each.code, "outcome": each.outcome, "zh": each.zh, "en": each.en} for each in findings]
    is_same = said.get("digest") == one.digest
    awaits = _shown(session, found, one).awaits
    return VerifiedView(number=number, holds=not failed and is_same, digest=one.digest, findings=listed, awaits=awaits)


def actions(session: Session, found: Conference, *, now: datetime) -> list[ActionView]:
    """Return the action items; one is overdue when it was not done by its moment."""
    return [
        ActionView.model_validate(one).model_copy(update={"is_overdue": _is_overdue(one, now)})
        for one in queries.rows(session, ActionItem, found)
    ]


def _is_overdue(one: ActionItem, now: datetime) -> bool:
    return one.state != "waived" and (one.done_at or now) > one.due_at


def printed(session: Session, found: Conference, number: int, format: Format) -> bytes:
    """Return a version of the minutes as a document (联席会议纪要); the same version gives the same PDF."""
    one, room = queries.minutes(session, found, number), room_of(session)
    fonts: Path | None = room.settings.document_fonts
    kind = document_kinds.default().kind(KIND, today(one.at))
    said = json.loads(one.body)
    data = {"agency": said["convener"]["name"], "issued_on": today(one.at), "fields": _fields(said)}
    return render(kind, data, at=one.at, format=format, fonts=fonts)


def _fields(said: dict[str, Any]) -> dict[str, Any]:
    attendees = [
        {"attending_agency": one["name"], "person": one["person"], "post": one["post"]} for one in said["attendance"]
    ]
    came = {one["agency"] for one in said["attendance"]}
    written = [one["name"] for one in said["opinions"] if one["agency"] not in came]
    attendees += [{"attending_agency": name, "person": "（书面意见）", "post": ""} for name in written]
    tasks = [
        {"task": one["task"], "responsible": one["name"], "due_day": day(one["due_at"])} for one in said["actions"]
    ]
    return {
        "subject_title": said["title"],
        "held_at": day(said["starts_at"]),
        "place": said["place"] or said["online"],
        "chair": said["chair"],
        "recorder": said["recorder"],
        "attendees": attendees,
        "opinions": [opinion_line(one)[:1000] for one in said["opinions"]],
        "resolutions": [*(one["zh"] for one in said["resolutions"]), *said["conclusions"]],
        "follow_ups": tasks,
    }
