"""`lianqin sealed`: carry matters between desks that have no connection, by files in folders."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from services.referral_service.sealed_files import incoming, queries, working
from services.referral_service.subjects import SUBJECTS
from shared.records.room import Room
from shared.web.assembly import make_room

app = typer.Typer(no_args_is_help=True, help="封装文件交换 / Sealed files between desks without a connection")
MOST = 1000


@contextmanager
def _room() -> Iterator[Room]:
    room = make_room("referral", SUBJECTS)
    if not room.settings.sealed_routes:
        print("未设置 LIANQIN_SEALED_AGENCIES / LIANQIN_SEALED_AGENCIES is not set", file=sys.stderr)
        raise typer.Exit(2)
    try:
        yield room
    finally:
        room.database.close()


@app.command("export")
def export(
    again: Annotated[str, typer.Option(help="消息编号，重新写出 / message id, to be written again")] = "",
) -> None:
    """写出待发文件 / Write what other desks are to have into the outbox; the worker does the same by itself."""
    with _room() as room:
        count = working.again(room, again) if again else working.export(room)
    print(f"{count} files")
    raise typer.Exit(1 if again and not count else 0)


@app.command("import")
def import_files() -> None:
    """接收收件文件夹 / Take in what lies in the inbox, and write the receipts; refused files go to quarantine."""
    with _room() as room:
        taken = incoming.take_in(room)
        written = working.export(room)
    print(f"{taken} in, {written} out")


@app.command("status")
def status(
    everything: Annotated[bool, typer.Option("--all", help="含已办结 / settled ones too")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """列出未办结文件及其期限 / List what waits, since when, why, and the nearest clock of its matter."""
    with _room() as room, room.reading() as session:
        found = queries.standing(session, by=None, before=None, limit=MOST, settled=everything)
    if as_json:
        print(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False))
        return
    for one in found:
        print(queries.line_of(one))
    print(f"{len(found)} files")
