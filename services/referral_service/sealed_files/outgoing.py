"""What goes out: rows for every step another desk must hear of, and the sealed files they become."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, func, select

from services.referral_service.dossier.building import Built, build
from services.referral_service.dossier.collecting import Collected, collect
from services.referral_service.sealed_files.composing import Composer, newest_of
from services.referral_service.sealed_files.messages import RECEIPT
from services.referral_service.sealed_files.models import SealedFile
from shared.carriers.sealed_file import Folders
from shared.clock import new_id
from shared.dossier.exact import exact
from shared.dossier.keys import Signer
from shared.dossier.statements import Statement
from shared.errors import LianqinError
from shared.identity import Principal
from shared.matters.models import Between
from shared.records.db import Party, one_at_a_time, table_of, write
from shared.records.evidence import Manifest
from shared.records.journal import Entry
from shared.records.keyring import keyring_of
from shared.records.room import Room, room_of

log = structlog.get_logger()


def prepare(session: Session, *, now: datetime) -> int:
    """Write the rows of what other desks must hear of. Returns how many.

    The owner's desk tells every other desk; any other desk tells the owner's only. A desk tells of what was done there.
    """
    one_at_a_time(session, "sealed files")
    count = 0
    for subject, desks in _behind(session):
        for desk, last in desks.items():
            rows = list(_line(session, subject, desk, last, now=now))
            write(session, SealedFile, rows)
            _mark(session, subject, desk)
            count += len(rows)
    return count


def _behind(session: Session) -> Iterator[tuple[Between, dict[str, SealedFile | None]]]:
    """Yield the subjects that moved on since a desk was told last, each with those desks."""
    room = room_of(session)
    routes = room.settings.sealed_routes
    for kind, model in room.subjects.items():
        told = _told(session, kind)
        parties = select(Party.subject_id, Party.agency).where(Party.kind == kind, col(Party.agency).in_(list(routes)))
        wanted: dict[UUID, set[str]] = {}
        for subject_id, agency in session.exec(parties):
            wanted.setdefault(subject_id, set()).add(routes[agency])
        versions = select(model.id, model.version, model.owner).where(col(model.id).in_(list(wanted)))
        for subject_id, version, owner in session.exec(versions):
            desks = {routes[owner]} if owner in routes else wanted[subject_id]
            behind = {desk for desk in desks if told.get((f"{kind}:{subject_id}", desk), 0) < version}
            if not behind:
                continue
            subject = session.get(model, subject_id)
            assert isinstance(subject, Between)
            rows = newest_of(_lines(session, subject))
            yield subject, {desk: rows.get((subject.ref, desk)) for desk in sorted(behind)}


def _told(session: Session, kind: str) -> dict[tuple[str, str], int]:
    """Return up to which entry each desk was told, by subject and desk."""
    rows = select(SealedFile.subject, SealedFile.desk, func.max(SealedFile.seq)).where(
        SealedFile.direction == "out", col(SealedFile.subject).startswith(f"{kind}:")
    )
    found = session.exec(rows.group_by(SealedFile.subject, SealedFile.desk))
    return {(subject, desk): int(seq) for subject, desk, seq in found}


def _lines(session: Session, subject: Between) -> list[SealedFile]:
    numbered = select(SealedFile).where(SealedFile.direction == "out", SealedFile.subject == subject.ref)
    return list(session.exec(numbered.where(col(SealedFile.number).is_not(None))))


def _line(
    session: Session, subject: Between, desk: str, last: SealedFile | None, *, now: datetime
) -> Iterator[dict[str, object]]:
    """Yield the rows that bring one desk up to date."""
    routes = room_of(session).settings.sealed_routes
    is_ours = subject.owner not in routes
    composer = Composer(session, subject, desk, last, now=now)
    entries = _steps(session, subject, after=_after(session, subject, desk, last))
    if is_ours and last is None:
        newest = select(Entry).where(Entry.subject == subject.ref, Entry.seq == subject.version)
        yield composer.opening(subject.owner, session.exec(newest).one())
        return
    told = [entry for entry in entries if _is_news(entry, routes, desk if is_ours else None)]
    for entry in told:
        signer = subject.owner if is_ours else entry.agency
        yield composer.step(signer, entry, with_evidence=is_ours, is_last=entry is told[-1])


def _is_news(entry: Entry, routes: Mapping[str, str], desk: str | None) -> bool:
    """Whether a step is to be told: by the owner to `desk` what was not done there; by others what was done here."""
    if desk is not None:
        return routes.get(entry.agency) != desk
    return entry.agency not in routes and not entry.agency.startswith("system:")


def _after(session: Session, subject: Between, desk: str, last: SealedFile | None) -> int:
    return max(last.seq if last else 0, _told(session, subject.kind).get((subject.ref, desk), 0))


def _steps(session: Session, subject: Between, *, after: int) -> list[Entry]:
    """Return the entries that are steps of the subject's procedure, in order."""
    procedure = room_of(session).catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    within = select(Entry).where(Entry.subject == subject.ref, Entry.seq > after, Entry.seq <= subject.version)
    rows = session.exec(within.order_by(col(Entry.seq)))
    return [row for row in rows if json.loads(row.body)["step"] in procedure.steps]


def _mark(session: Session, subject: Between, desk: str) -> None:
    """Note up to which entry a desk was told, so that nothing is looked at twice."""
    table = table_of(SealedFile)
    line = (table.c.direction == "out") & (table.c.subject == subject.ref) & (table.c.desk == desk)
    marked = session.execute(update(table).where(line, table.c.number.is_not(None)).values(seq=subject.version))
    if marked.rowcount == 0:  # type: ignore[attr-defined]  # a cursor result has it
        now = room_of(session).clock()
        row = SealedFile(
            id=new_id(now),
            direction="out",
            desk=desk,
            file=f"mark:{subject.ref}",
            subject=subject.ref,
            number=0,
            seq=subject.version,
            state="delivered",
            since=now,
        )
        write(session, SealedFile, [row.model_dump()])


def write_pending(room: Room) -> int:
    """Write every file that is waiting to be written. Returns how many."""
    with room.reading() as session:
        waiting = list(
            session.exec(select(SealedFile).where(SealedFile.state == "pending").order_by(col(SealedFile.id)))
        )
    return sum(_written(room, row) for row in waiting)


def _written(room: Room, row: SealedFile) -> bool:
    """Write one file; one that cannot be written says why and holds up none of the others."""
    try:
        write_one(room, row)
    except LianqinError as refused:
        log.error("sealed.not_written", file=row.file, why=str(refused))
        table, said = table_of(SealedFile), refused.detail
        reasons = [{"code": refused.code(), "zh": said.zh, "en": said.en, "path": ""}]
        with room.transaction() as session:
            session.execute(update(table).where(table.c.id == row.id).values(reasons=reasons))
        return False
    return True


def write_one(room: Room, row: SealedFile) -> Built:
    """Write one file into its outbox; writing it again gives the same message."""
    with room.reading() as session:
        found = _receipt(row) if row.type == RECEIPT else _dossier(session, row)
        signer: Signer = keyring_of(room).signer(row.content["signer"], now=room.clock())
    found.files["message.json"] = exact(row.content["message"])
    target = Folders(room.settings.sealed_path).out(row.desk, row.file)
    kind = "receipt" if row.type == RECEIPT else "message"
    built = build(room, found, [signer], target, kind=kind, at=room.clock())
    state = "delivered" if row.type == RECEIPT else "written"
    table = table_of(SealedFile)
    with room.transaction() as session:
        values = {"state": state, "bag_digest": built.bag_digest, "since": room.clock(), "reasons": []}
        session.execute(update(table).where(table.c.id == row.id, table.c.state == "pending").values(values))
    return built


def _dossier(session: Session, row: SealedFile) -> Collected:
    room = room_of(session)
    kind, _, subject_id = row.subject.partition(":")
    subject = session.get(room.subjects[kind], UUID(subject_id))
    assert isinstance(subject, Between)
    message = row.content["message"]
    reader = _reader(room, message["data"]["to"])
    digest = message["data"]["manifest_digest"]
    manifest = session.get(Manifest, (row.subject, digest)) if digest else None
    return collect(session, subject, manifest, reader=reader, without=row.content["without"])


def _reader(room: Room, to: Iterable[str]) -> Principal:
    agency = next(iter(to), "")
    known = room.catalogue.agencies.get(agency)
    return Principal(agency, known.kind if known else "", f"desk:{agency}", frozenset())


def _receipt(row: SealedFile) -> Collected:
    found = Collected(row.subject, "")
    path = row.content["message"]["data"]["receipt"]
    found.files[path.removeprefix("data/")] = row.receipt.encode()
    found.info = [("External-Identifier", row.subject)]
    return found


def queue_receipt(session: Session, statement: bytes, *, desk: str, now: datetime) -> None:
    """Queue a receipt for another desk; a newer one for the same message takes its place."""
    said = Statement(statement).said
    path = f"data/receipts/{said['receipt']}.json"
    message = {
        "specversion": "1.0",
        "id": str(new_id(now)),
        "source": f"/desks/{said['agency']}",
        "type": RECEIPT,
        "subject": said["subject"],
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "journeyid": "00000000-0000-0000-0000-000000000000",
        "recipients": said["told"],
        "data": {"message_id": said["message_id"], "receipt": path},
    }
    values = {
        "content": {"message": message, "signer": said["agency"]},
        "receipt": statement.decode(),
        "state": "pending",
        "since": now,
    }
    file, table = f"receipt-{said['message_id']}.zip", table_of(SealedFile)
    same = (table.c.direction == "out") & (table.c.desk == desk) & (table.c.file == file)
    if session.execute(update(table).where(same).values(values)).rowcount:  # type: ignore[attr-defined]  # as above
        return
    row = SealedFile(
        id=new_id(now),
        direction="out",
        desk=desk,
        file=file,
        subject=said["subject"],
        message_id=message["id"],
        type=RECEIPT,
        state="pending",
        since=now,
    )
    write(session, SealedFile, [row.model_dump() | values])
