"""`lianqin checkpoint`: close the days that are over, have them stamped, and write them out for keeping elsewhere."""

import importlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.rooms import open_room
from shared.config import Settings
from shared.dossier.stamps import listing
from shared.records import checkpoints
from shared.records.room import Room
from shared.rooms import ROOMS
from shared.web.room_worker import stamp_all


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("checkpoint")(checkpoint)


def checkpoint(
    out: Annotated[Path | None, typer.Option(help="写出到文件夹 / write the files into this folder")] = None,
    room: Annotated[list[str] | None, typer.Option(help="gateway, clue, case, referral")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """生成到期的检查点并列出 / Make what is due, list every day, and with --out write each with its stamp."""
    settings, found = Settings(), []
    for name in room or list(ROOMS):
        if name not in ROOMS:
            raise typer.BadParameter(f"one of {', '.join(ROOMS)}")
        found += _of_room(settings, name, out)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        print(f"{one['room']}  {one['on']}  {one['entries']} entries  {one['digest']}  {one['stamped']}")


def _of_room(settings: Settings, name: str, out: Path | None) -> list[dict[str, Any]]:
    opened = open_room(name, settings)
    try:
        _closing(opened)
        if settings.tsa_url:
            stamp_all(opened)
        with opened.reading() as session:
            rows = checkpoints.all_of(session)
    finally:
        opened.database.close()
    if out is not None:
        _write(out, name, rows)
    return [
        {
            "room": name,
            "on": row.day.isoformat(),
            "chains": row.chains,
            "entries": row.entries,
            "digest": row.digest,
            "stamped": bool(row.stamp),
        }
        for row in rows
    ]


def _closing(room: Room) -> None:
    """Make what is due, month by month where the desk stood still for long."""
    tend = importlib.import_module("gateway.worker").closing if room.name == "gateway" else checkpoints.tend
    while tend(room):
        pass


def _write(out: Path, name: str, rows: list[checkpoints.Checkpoint]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for row in rows:
        stem = f"checkpoint-{name}-{row.day.isoformat()}"
        (out / f"{stem}.json").write_text(row.statement, encoding="utf-8")
        if row.stamp:
            token = checkpoints.stamp_of(row)
            (out / f"{stem}.tsr").write_bytes(token)
            (out / f"{stem}.sha256").write_bytes(listing(token, f"{stem}.tsr"))
