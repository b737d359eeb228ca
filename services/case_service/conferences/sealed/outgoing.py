"""What goes out: the invitation with its materials, its changes, and each version of the minutes, as signed bags."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import structlog
from sqlmodel import Session, col, select

from services.case_service.conferences import calendar, queries, showing
from services.case_service.conferences.models import Conference, Invitation
from services.case_service.conferences.views import ConferenceView
from shared.carriers.sealed_file import Folders
from shared.clock import ZONE
from shared.dossier import names
from shared.dossier.exact import exact
from shared.dossier.writer import BagWriter
from shared.errors import LianqinError
from shared.records.journal import Entry, Fact, record
from shared.records.keyring import at_home, keyring_of
from shared.records.manifests import Manifest
from shared.records.room import Room, room_of

SENT = "conference.sealed"
"""The entry that says what was written for which agency."""
LOOKED_BACK = timedelta(days=30)
"""How long after its end a conference is still looked at for bags that could not be written before."""
log = structlog.get_logger()
PLACE = "conferences"
"""The folder of this carrier below the one of sealed files."""


@dataclass(slots=True)
class Going:
    """One bag to be written: for which agency, about what, with which files and pieces of evidence."""

    conference: Conference
    agency: str
    what: str
    """`invitation:<sequence>` or `minutes:<version>`."""
    message_id: UUID
    files: dict[str, bytes] = field(default_factory=dict)
    pieces: list[dict[str, Any]] = field(default_factory=list)


def folders(room: Room) -> Folders:
    """Return where this room's sealed files lie: apart from those of the referral room."""
    return Folders(room.settings.sealed_path / PLACE)


def export(room: Room) -> int:
    """Write every bag another desk is to have. Returns how many; each is journalled with its digest.

    A bag that cannot be written, such as one whose evidence no longer matches, is tried again and holds up no other.
    """
    routes = room.settings.sealed_routes
    if not routes:
        return 0
    with room.reading() as session:
        waiting = [going for found in _conferences(session) for going in waiting_bags(session, found)]
    return sum(_sent(room, going) for going in waiting)


def _sent(room: Room, going: Going) -> bool:
    """Write one bag and journal it. Returns whether it could be written."""
    try:
        digest = _written(room, going, room.clock())
    except (LianqinError, ValueError, OSError):
        log.exception("conference.sealed.not_written", conference=going.conference.ref, agency=going.agency)
        return False
    with room.transaction() as session:
        found = session.get(Conference, going.conference.id, populate_existing=True, with_for_update=True)
        assert found is not None, "conferences are never deleted"
        said = {"party": going.agency, "what": going.what, "message": str(going.message_id), "bag": digest}
        record(session, found, Fact(SENT, said), by=room.itself, now=room.clock())
    return True


def _conferences(session: Session) -> list[Conference]:
    """Return the conferences that agencies on other desks are invited to: those that go on, and those just ended."""
    room = room_of(session)
    invited = select(Invitation.conference_id).where(col(Invitation.agency).in_(list(room.settings.sealed_routes)))
    goes_on = col(Conference.state).not_in(("closed", "cancelled"))
    is_new = col(Conference.updated_at) > room.clock() - LOOKED_BACK
    return list(session.exec(select(Conference).where(col(Conference.id).in_(invited), goes_on | is_new)))


def waiting_bags(session: Session, found: Conference) -> Iterator[Going]:
    """Yield the bags that were not written yet; one that is written again is the same message."""
    room = room_of(session)
    if not at_home(room, found.owner):
        return
    rows = select(Entry.body).where(Entry.subject == found.ref, Entry.type == SENT)
    sent = {(said["party"], said["what"]) for body in session.exec(rows) for said in [json.loads(body)["data"]]}
    for one in queries.rows(session, Invitation, found):
        if one.agency not in room.settings.sealed_routes or one.state not in queries.TAKING_PART:
            continue
        if (one.agency, f"invitation:{found.sequence}") not in sent:
            yield _invitation(session, found, one.agency)
        for number in range(1, found.minutes + 1):
            if (one.agency, f"minutes:{number}") not in sent:
                yield _minutes(session, found, one.agency, number)


def _going(found: Conference, agency: str, what: str) -> Going:
    return Going(found, agency, what, uuid5(found.id, f"{agency}:{what}"))


def _invitation(session: Session, found: Conference, agency: str) -> Going:
    now, manifest = room_of(session).clock(), queries.manifest_of(session, found)
    going = _going(found, agency, f"invitation:{found.sequence}")
    going.files["invitation.ics"] = calendar.invitation(session, found, now=now).encode()
    is_open = found.state != "cancelled" and now < found.access_until and bool(manifest["items"])
    if is_open:
        going.files["manifest.json"] = _manifest_text(session, found)
        going.pieces = list(manifest["items"])
    digest = found.manifest if is_open else ""
    going.files["message.json"] = _message(going, {"manifest_digest": digest}, now)
    going.files["conference.json"] = exact(_shown(found))
    return going


def _minutes(session: Session, found: Conference, agency: str, number: int) -> Going:
    now = room_of(session).clock()
    going = _going(found, agency, f"minutes:{number}")
    going.files["minutes.json"] = showing.file(session, found, number)
    said = {"number": number, "minutes_digest": queries.minutes(session, found, number).digest}
    going.files["message.json"] = _message(going, said, now)
    return going


def _shown(found: Conference) -> dict[str, Any]:
    said: dict[str, Any] = ConferenceView.model_validate(found).model_dump(mode="json")
    return said


def _manifest_text(session: Session, found: Conference) -> bytes:
    known = session.get(Manifest, (found.ref, found.manifest))
    assert known is not None, "it was frozen when the conference was called"
    return known.body.encode()


def _message(going: Going, data: dict[str, Any], now: datetime) -> bytes:
    kind = going.what.partition(":")[0]
    return exact(
        {
            "specversion": "1.0",
            "id": str(going.message_id),
            "source": f"/desks/{going.conference.owner}",
            "type": f"desk.conference_{kind}",
            "subject": going.conference.ref,
            "time": now.isoformat(),
            "datacontenttype": "application/json",
            "journeyid": str(going.conference.journey_id),
            "recipients": going.agency,
            "data": {"to": [going.agency]} | data,
        }
    )


def _written(room: Room, going: Going, now: datetime) -> str:
    """Write one bag at once or not at all. Returns the SHA-256 of its tag manifest."""
    desk = room.settings.sealed_routes[going.agency]
    target = folders(room).out(desk, f"{going.message_id}.zip")
    target.parent.mkdir(parents=True, exist_ok=True)
    signer = keyring_of(room).signer(going.conference.owner, now=now)
    fresh = target.with_name(f".{uuid4().hex}.part")
    try:
        with fresh.open("wb") as file:
            bag = BagWriter(file, target.stem, suites=[signer.suite])
            for path, content in going.files.items():
                bag.put(path, content)
            for one in going.pieces:
                path = f"evidence/{one['item']}/{names.file_name(one['name'])}"
                bag.add(path, room.blobs.stream(one["sha256"]), size=one["size"], expected=one["sha256"])
            info = [
                ("External-Identifier", going.conference.ref),
                ("Lianqin-Agency", signer.agency),
                ("Lianqin-Kind", "message"),
                ("Lianqin-Reader", going.agency),
            ]
            digest = bag.close(info, [signer], at=now.astimezone(ZONE))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return digest
