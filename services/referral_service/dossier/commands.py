"""Export a dossier: gathered in one transaction with its custody, written outside of it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session

from services.referral_service.dossier.building import Built, build
from services.referral_service.dossier.collecting import INSIDERS, Collected, collect, manifest_for
from services.referral_service.receipts import commands as receipts
from services.referral_service.receipts.commands import Wanted
from shared.dossier.keys import Signer
from shared.errors import EvidenceMismatch, NotVisible, Stale, Text
from shared.identity import Principal
from shared.matters.models import Between
from shared.records import evidence
from shared.records.db import relations_of, visible
from shared.records.journal import record_view
from shared.records.keyring import at_home, keyring_of
from shared.records.room import Room, room_of

T = TypeVar("T", bound=Between)
TRIES = 4


def gather(
    session: Session, model: type[T], subject_id: UUID, *, reader: Principal, by: Principal, now: datetime
) -> tuple[Collected, Signer]:
    """Collect a dossier for its reader and write who took it out. Raises NotVisible or StepRefused.

    The sending bureau signs where it is at home here, else the reader's own agency. What a party other than the owner
    fetches is thereby delivered to it, unless it only watches.
    """
    subject = visible(session, model, subject_id, by=by, is_alone=True)
    manifest = manifest_for(session, subject, reader, now=now)
    found = collect(session, subject, manifest, reader=reader)
    signing = subject.owner if at_home(room_of(session), subject.owner) else by.agency
    signer = keyring_of(room_of(session)).signer(signing, now=now)
    given = {piece.item for piece in found.pieces}
    here = [one.id for one in evidence.items(session, subject) if given & {str(one.id), one.adopted_from}]
    evidence.custody(session, here, "exported", by=by, now=now, note=reader.agency)
    record_view(session, subject, f"dossier:{found.digest}", by=by, now=now)
    relations = relations_of(session, subject.kind, subject.id, by)
    if not relations & INSIDERS and relations - {"observer"}:
        wanted = Wanted("delivered", by.agency, subject.owner, found.digest, receipts.message_of(session, subject))
        receipts.issue(session, subject, wanted, by=by, now=now)
    return found, signer


def export(
    room: Room, model: type[T], subject_id: UUID, target: Callable[[str], Path], *, reader: Principal, by: Principal
) -> Built:
    """Write a dossier to where `target` says for its digest. An item whose bytes changed is frozen and named."""
    now = room.clock()
    found, signer = _transacted(room, lambda session: gather(session, model, subject_id, reader=reader, by=by, now=now))
    try:
        return build(room, found, [signer], target(found.digest), kind="dossier", at=now)
    except EvidenceMismatch as changed:
        sha256 = str(changed.extra["expected"])
        _transacted(room, lambda session: _freeze(session, model, subject_id, sha256, by=by, now=now))
        raise


def reading_as(session: Session, subject: Between, agency: str) -> Principal:
    """Return the principal of an agency that takes part, as the reader of a dossier. Raises NotVisible."""
    known = room_of(session).catalogue.agencies.get(agency)
    principal = Principal(agency, known.kind if known else "", f"dossier:{agency}", frozenset())
    if known is None or not relations_of(session, subject.kind, subject.id, principal):
        raise NotVisible(Text(f"{agency} 不是该事项的参与方", f"{agency} takes no part in the matter"))
    return principal


def _freeze(session: Session, model: type[T], subject_id: UUID, sha256: str, *, by: Principal, now: datetime) -> None:
    subject = visible(session, model, subject_id, by=by, is_alone=True)
    for item in evidence.items(session, subject):
        if item.sha256 == sha256 and item.state == "held":
            evidence.freeze_changed(session, subject, item, by=by, now=now)


R = TypeVar("R")


def _transacted(room: Room, effect: Callable[[Session], R]) -> R:
    """Run a command in one transaction, again when somebody else was faster."""
    for _ in range(TRIES - 1):
        try:
            with room.transaction() as session:
                return effect(session)
        except Stale:
            continue
    with room.transaction() as session:
        return effect(session)
