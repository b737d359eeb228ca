"""What a message does here: it opens a subject of another desk, follows its steps, or takes a step at its home."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, tuple_
from sqlmodel import Session

from services.referral_service.referrals.doors import STEPS, take_any
from services.referral_service.sealed_files import typing_back
from services.referral_service.sealed_files.messages import Message, OpenedData, RunningClock, StepData
from shared.dossier.exact import sha256
from shared.errors import BodyInvalid, DuplicateSubject, EvidenceMismatch, NotVisible, NotYourStep, Text
from shared.events import Origin, envelope
from shared.identity import Principal
from shared.matters.bodies import Take
from shared.matters.models import Between
from shared.records import deadlines, evidence, journal, notices
from shared.records.db import Party, table_of, write
from shared.records.deadlines import Start
from shared.records.deliveries import parcel_values, queue
from shared.records.evidence import Manifest
from shared.records.perform import admit, perform
from shared.records.room import room_of
from shared.rules.catalogue import UnknownEntry
from shared.rules.term_entries import Extension

NOTIFIED_APART = ("file", "decline_filing", "note_reconsideration_filed", "record_supervised_filing")
"""Decisions whose notice is a step of its own, which follows in a message of its own."""


def find(session: Session, message: Message) -> Between | None:
    """Return the subject a message is about, if this desk has it."""
    model = room_of(session).subjects.get(message.kind)
    found = session.get(model, message.subject_id, populate_existing=True) if model is not None else None
    return found if isinstance(found, Between) else None


def open_here(session: Session, message: Message, said: OpenedData, *, signer: str, now: datetime) -> Between:
    """Open another desk's subject on this one: same id, same procedure, as it stands there; its chain begins anew.

    Raises BodyInvalid, NotYourStep or DuplicateSubject; then nothing is changed.
    """
    room = room_of(session)
    model = room.subjects.get(message.kind)
    if model is None or not issubclass(model, Between):
        raise BodyInvalid(Text(f"不接收 {message.kind}", f"Subjects of the kind {message.kind} are not taken"))
    if find(session, message) is not None:
        raise DuplicateSubject(Text("该事项已在本平台", "This desk has the subject already"), subject=message.subject)
    values = typing_back.columns(model, said.snapshot)
    subject = model(**values | {"version": 0, "head": "", "created_at": now, "updated_at": now})
    if subject.ref != message.subject or subject.owner != signer or subject.owner not in room.settings.sealed_routes:
        words = Text("只有事项的经办单位可以在他处建立该事项", "Only its owner opens a subject on another desk")
        raise NotYourStep(words, owner=subject.owner, signer=signer)
    _check_procedure(session, subject)
    origin = {"desk": signer, "message": message.id, "seq": said.seq, "head": said.head}
    fact = journal.Fact(f"{subject.kind}.opened_from_file", {"origin": origin, "manifest": said.manifest_digest})
    by = room.itself
    entry = journal.entry_values(subject.ref, 1, "", fact, journey_id=subject.journey_id, by=by, now=now)
    subject.version, subject.head = 1, entry["hash"]
    write(session, model, [subject.model_dump()])
    journal.append(session, entry)
    admit(session, subject, said.parties)
    _adopt(session, subject, said, now=now)
    for clock in said.clocks:
        _run(session, subject, clock, now=now)
    _tell(session, subject, said, entry, now=now)
    return subject


def _check_procedure(session: Session, subject: Between) -> None:
    catalogue = room_of(session).catalogue
    try:
        procedure = catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    except (UnknownEntry, LookupError) as unknown:
        named = f"{subject.procedure_id} {subject.procedure_version}"
        raise BodyInvalid(Text(f"本平台没有程序 {named}", f"This desk has no procedure {named}")) from unknown
    if procedure.subject != subject.kind or subject.state not in procedure.states:
        raise BodyInvalid(Text("该程序没有这一状态", "The procedure has no such state"), state=subject.state)


def _adopt(session: Session, subject: Between, said: OpenedData, *, now: datetime) -> None:
    """Keep every manifest that was handed over; take over the items of the one that came with the bag."""
    for one in reversed(said.manifests):
        if sha256(one.body.encode()) != one.digest:
            raise EvidenceMismatch(expected=one.digest)
        if one.digest == said.manifest_digest:
            adopt_one(session, subject, one.body, one.digest, now=now)
        else:
            _keep(session, subject, one.body, one.digest, now=now)


def _keep(session: Session, subject: Between, body: str, digest: str, *, now: datetime) -> None:
    if session.get(Manifest, (subject.ref, digest)) is None:
        row = {"subject": subject.ref, "digest": digest, "body": body, "frozen_at": now}
        write(session, Manifest, [row])


def adopt_one(session: Session, subject: Between, body: str, digest: str, *, now: datetime) -> None:
    """Take over a manifest and its items, and show them to the parties here."""
    _keep(session, subject, body, digest, now=now)
    evidence.adopt(session, subject, {"digest": digest, "body": body}, by=room_of(session).itself, now=now)
    evidence.share(session, subject, now=now)


def _run(session: Session, subject: Between, said: RunningClock, *, now: datetime) -> None:
    """Let a clock run here as it runs on the sender's desk."""
    deadlines.start(session, subject, [Start(said.term, said.started_at, said.party)], now=now)
    clock = deadlines.open_clocks(session, subject, [said.term])[-1]
    for part in said.done:
        deadlines.meet(session, clock, part=part, at=now)
    for pause in said.pauses:
        deadlines.pause(session, clock, from_on=date.fromisoformat(pause.from_on), ground=pause.ground, now=now)
        if pause.to_on is not None:
            deadlines.resume(session, clock, to_on=date.fromisoformat(pause.to_on), now=now)
    for one in said.extensions:
        added = Extension(one.amount, one.unit, one.ground, one.approved_by, to_total=one.to_total)
        deadlines.extend(session, clock, added, now=now)


def _tell(session: Session, subject: Between, said: OpenedData, entry: Mapping[str, Any], *, now: datetime) -> None:
    """Tell the agencies here what they were sent, as their own desk would have."""
    if not said.event:
        return
    room = room_of(session)
    procedure = room.catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    step = procedure.steps.get(said.step)
    agencies = notices.addressed(session, subject, step.to + step.copies) if step is not None else ()
    fact = journal.Fact(said.event, said.told, said.step or None)
    [parcels] = notices.tell_of_events(session, [notices.Told(subject, fact, str(entry["id"]), agencies)], now=now)
    origin = Origin(room.name, subject.ref, subject.journey_id, 1, agencies)
    body = journal.canonical(envelope(said.event, said.told, origin, message_id=entry["id"], now=now))
    event = parcel_values(entry["id"], said.event, body, line=subject.ref, receiver="gateway", now=now)
    queue(session, [event, *parcels])


def step_here(
    session: Session, message: Message, said: StepData, manifest: str | None, *, signer: str, now: datetime
) -> Between:
    """Take a step that was taken on another desk. Raises the procedure's refusal; then nothing is changed.

    At the subject's home it is taken as that agency would take it through the API. Elsewhere the owner's desk is
    believed: what it handed over (`manifest`, its exact text) is taken over, and the step is performed with what was
    written there, after the law was asked again.
    """
    subject = find(session, message)
    if subject is None:
        raise NotVisible(Text("本平台没有该事项", "This desk has no such subject"), subject=message.subject)
    if subject.owner not in room_of(session).settings.sealed_routes:
        return _at_home(session, subject, said, signer=signer, now=now)
    return _follow(session, subject, said, manifest, signer=signer, now=now)


def _at_home(session: Session, subject: Between, said: StepData, *, signer: str, now: datetime) -> Between:
    room = room_of(session)
    known = room.catalogue.agencies.get(signer)
    if known is None or said.by.agency != signer:
        words = Text("只能为签名的机关办理步骤", "A step is taken for the agency that signed it")
        raise NotYourStep(words, signer=signer, agency=said.by.agency)
    by = said.by.principal(signer, known.kind)
    stated = _as_stated(session, subject, said)
    conditions = said.stated.get("conditions")
    body = Take.model_validate({"stated": stated, "conditions": conditions if isinstance(conditions, dict) else {}})
    return take_any(session, type(subject), subject.id, said.step, body, by=by, now=now)


def _as_stated(session: Session, subject: Between, said: StepData) -> dict[str, Any]:
    """Return what the step asks for out of what was written, as the API would be given it."""
    procedure = room_of(session).catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    step, door = procedure.steps.get(said.step), STEPS.get(said.step)
    if procedure.parties or door is None:
        wanted = set(step.body_fields) if step is not None else set()
    else:
        wanted = set(door.body.model_fields) - ({"notified_at"} if said.step in NOTIFIED_APART else set())
    return {name: value for name, value in said.stated.items() if name in wanted and value is not None}


def _follow(
    session: Session, subject: Between, said: StepData, manifest: str | None, *, signer: str, now: datetime
) -> Between:
    room = room_of(session)
    routes = room.settings.sealed_routes
    actor = said.by.agency
    if signer != subject.owner or (actor not in routes and not actor.startswith("system:")):
        words = Text("该事项的步骤须由经办单位的平台转来", "Steps of this subject come from its owner's desk")
        raise NotYourStep(words, signer=signer, agency=actor, owner=subject.owner)
    known = room.catalogue.agencies.get(actor)
    by = room.itself if known is None else said.by.principal(actor, known.kind)
    admit(session, subject, said.parties)
    if manifest is not None:
        adopt_one(session, subject, manifest, said.manifest_digest, now=now)
    written = typing_back.fields(room.catalogue, type(subject), said.step, said.stated)
    step = room.catalogue.procedure_version(subject.procedure_id, subject.procedure_version).steps.get(said.step)
    if step is None:
        raise BodyInvalid(Text(f"没有步骤 {said.step}", f"There is no step {said.step}"))
    performed = perform(session, subject, said.step, written, by=by, now=now)
    _leave(session, subject, said.parties)
    return performed


def _leave(session: Session, subject: Between, parties: Mapping[str, Sequence[str]]) -> None:
    """Let nobody take part who does not on the owner's desk any more; nothing said changes nothing."""
    table = table_of(Party)
    mine = (table.c.kind == subject.kind) & (table.c.subject_id == subject.id)
    stay = [(relation, agency) for relation, agencies in parties.items() for agency in agencies]
    if stay:
        gone = tuple_(table.c.relation, table.c.agency).not_in(stay)
        session.execute(delete(table).where(mine, gone))


def as_principal(session: Session, agency: str) -> Principal:
    """Return the principal of another desk's agency, for what its desk does by itself."""
    known = room_of(session).catalogue.agencies.get(agency)
    return Principal(agency, known.kind if known else "", f"desk:{agency}", frozenset())
