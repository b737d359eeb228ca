"""Who complained: sealed apart, kept out of every text, opened only for a reason."""

import json
import re
import unicodedata

from pydantic import SecretStr
from sqlmodel import Session

from services.clue_service.complaints.models import Complainant, Complaint, Identity, IdentityView
from shared.errors import BodyInvalid, EvidenceMismatch, Text
from shared.identity import Principal
from shared.records.db import Row, write
from shared.records.evidence import Description
from shared.records.room import room_of
from shared.sealing import Seal, Unreadable
from shared.web.evidence_routes import no_site_record

PURPOSE = "lianqin complainants"
LEAST_SIGNS = 2
"""A single sign stands in every text."""
_BLANK = re.compile(r"[\s\-—·.,，。()（）]+")


def parts(identity: Identity | None) -> dict[str, str]:
    """Return what was said of the complainant, by field."""
    said = {"name": identity.name, "contact": identity.contact} if identity else {}
    return {name: value.get_secret_value().strip() for name, value in said.items() if isinstance(value, SecretStr)}


def seal(session: Session, complaint: Complaint, said: dict[str, str]) -> None:
    """Keep who complained, bound to this complaint; nothing is kept of one who did not say."""
    if said:
        text = json.dumps({"complaint": complaint.ref, **said}, ensure_ascii=False)
        write(session, Complainant, [{"complaint_id": complaint.id, "sealed": _seal(session).close(text)}])


def opened(session: Session, complaint: Complaint) -> IdentityView:
    """Return who complained. Raises EvidenceMismatch when the row was changed, or moved here from another."""
    said = _said(session, complaint)
    return IdentityView(tracking=complaint.tracking, name=said.get("name"), contact=said.get("contact"))


def keep_out(said: dict[str, str], texts: dict[str, str | None]) -> None:
    """Refuse texts that name the complainant. Raises BodyInvalid, which does not repeat what it found."""
    secrets = [one for value in said.values() if len(one := _bare(value)) >= LEAST_SIGNS]
    for field, text in texts.items():
        if text is not None and any(one in _bare(text) for one in secrets):
            words = Text(
                "文字中写有投诉举报人的身份信息，请删去", "The text holds who complained: leave it out of the text"
            )
            raise BodyInvalid(words, errors=[{"field": field, "code": "identity_in_text", "message": words}])


def keep_out_of(session: Session, complaint: Complaint, texts: dict[str, str | None]) -> None:
    """Refuse texts that name the complainant of a complaint that is kept already.

    Where the seal cannot be read any more, nobody learns the name from it, and the complaint is still to be answered.
    """
    try:
        said = _said(session, complaint)
    except EvidenceMismatch:
        return
    keep_out(said, texts)


def check_upload(session: Session, subject: Row, described: Description, by: Principal) -> None:
    """Refuse an upload whose name or statements name the complainant: they are journalled. No visit is kept here."""
    assert isinstance(subject, Complaint)
    no_site_record(session, subject, described, by)
    said = json.dumps(dict(described.details), ensure_ascii=False)
    keep_out_of(session, subject, {"name": described.name, "details": said})


def _said(session: Session, complaint: Complaint) -> dict[str, str]:
    row = session.get(Complainant, complaint.id)
    if row is None:
        return {}
    try:
        said: dict[str, str] = json.loads(_seal(session).open(row.sealed))
    except Unreadable as broken:
        raise _broken() from broken
    if said.pop("complaint") != complaint.ref:
        raise _broken()
    return said


def _broken() -> EvidenceMismatch:
    return EvidenceMismatch(
        Text("封存的身份信息已被改动，无法启封", "What was sealed has been changed: it does not open")
    )


def _seal(session: Session) -> Seal:
    return Seal(room_of(session).settings.internal_secret, PURPOSE)


def _bare(text: str) -> str:
    """A text without blanks, stops and signs nobody sees; wide letters and figures become plain ones."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return _BLANK.sub("", seen).casefold()
