"""`lianqin dossier`: a matter's dossier as a signed bag, or its journal alone, written to a file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlmodel import Session

from services.referral_service.dossier.collecting import journal_extract
from services.referral_service.dossier.commands import export, reading_as
from services.referral_service.subjects import SUBJECTS
from shared.errors import LianqinError
from shared.identity import Principal
from shared.matters.models import Between
from shared.records.db import visible
from shared.records.keyring import at_home
from shared.records.room import Room
from shared.web.assembly import make_room

app = typer.Typer(no_args_is_help=True, help="案卷 / Dossiers: a matter as a signed BagIt bag")
RefArgument = Annotated[str, typer.Argument(help="事项，如 referral:<编号> / ref of the matter")]
ReaderOption = Annotated[str, typer.Option(help="给哪个单位看；不写则经办单位 / for which party; none: the owner")]


@contextmanager
def _matter(ref: str) -> Iterator[tuple[Room, type[Between], UUID]]:
    """Open the referral room for one matter; a refusal is printed and ends with status 2."""
    room = make_room("referral", SUBJECTS)
    kind, _, subject_id = ref.partition(":")
    try:
        model = SUBJECTS.get(kind)
        if model is None or not issubclass(model, Between):
            raise ValueError(f"{ref}: {', '.join(SUBJECTS)}:<id>")
        yield room, model, UUID(subject_id)
    except (LianqinError, ValueError, OSError) as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(2) from refused
    finally:
        room.database.close()


def _reader(session: Session, room: Room, model: type[Between], subject_id: UUID, agency: str) -> Principal:
    subject = visible(session, model, subject_id, by=room.itself)
    return reading_as(session, subject, agency or subject.owner)


@app.command("export")
def export_dossier(
    ref: RefArgument,
    out: Annotated[Path, typer.Argument(help="写入的 .zip 文件 / file to write")],
    reader: ReaderOption = "",
) -> None:
    """写出案卷包并签名 / Write a matter's dossier as one party may see it, signed by the sending bureau."""
    with _matter(ref) as (room, model, subject_id):
        with room.reading() as session:
            who = _reader(session, room, model, subject_id, reader)
            owner = _reader(session, room, model, subject_id, "")
        by = owner if at_home(room, owner.agency) else who
        built = export(room, model, subject_id, lambda _digest: out, reader=who, by=by)
    print(f"{built.path}  {built.size}  manifest sha256:{built.manifest_digest}  {built.signed_by}")


@app.command("journal")
def export_journal(
    ref: RefArgument,
    out: Annotated[Path, typer.Argument(help="写入的 .ndjson 文件 / file to write")],
    reader: ReaderOption = "",
) -> None:
    """写出日志节录 / Write a matter's journal with its chain; entries not for the reader by their hash only."""
    with _matter(ref) as (room, model, subject_id), room.reading() as session:
        who = _reader(session, room, model, subject_id, reader)
        subject = visible(session, model, subject_id, by=who)
        out.write_bytes(journal_extract(session, subject, reader=who))
    print(out)
