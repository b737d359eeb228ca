"""Commands over stored evidence: verify every byte now, as the schedule does in time."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from scripts.rooms import open_room
from shared.config import Settings
from shared.errors import RoomUnavailable
from shared.records import reverify
from shared.records.room import Room

app = typer.Typer(no_args_is_help=True, help="证据存储 / stored evidence")
KEEPING = ("clue", "case", "referral")
"""The rooms that keep evidence."""
AHEAD = timedelta(seconds=1)


@app.callback()
def evidence() -> None:
    """Look after stored evidence."""


@app.command()
def verify(
    room: Annotated[str, typer.Option(help="只核对一个房间 / one room only: clue, case, referral")] = "",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Hash every stored byte again; what changed is frozen, journalled, and its keeper is told. Exit 1 if any did."""
    if room and room not in KEEPING:
        raise typer.BadParameter(f"one of {', '.join(KEEPING)}")
    settings, names = Settings(), (room,) if room else KEEPING
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=as_json,
    )
    try:
        with bar:
            found = {name: _verified(open_room(name, settings), bar) for name in names}
    except RoomUnavailable as down:
        typer.echo(f"{down.detail.zh} / {down.detail.en}", err=True)
        raise typer.Exit(2) from down
    _say(found, as_json=as_json)
    raise typer.Exit(1 if any(run.changed for run in found.values()) else 0)


def _verified(room: Room, bar: Progress) -> reverify.Run:
    before = room.clock() + AHEAD
    task = bar.add_task(room.name, total=reverify.waiting(room, before))
    try:
        return reverify.run(room, before=before, progress=lambda size: bar.update(task, advance=size))
    finally:
        room.database.close()


def _say(found: dict[str, reverify.Run], *, as_json: bool) -> None:
    if as_json:
        said = {name: asdict(run) for name, run in found.items()}
        print(json.dumps(said, ensure_ascii=False, default=str))
        return
    for name, run in found.items():
        print(f"{name}: {run.blobs} 份文件 / files, {run.size} bytes, {len(run.changed)} 有变动 / changed")
        for one in run.changed:
            print(f"  {one.subject}  {one.name}  {one.sha256}  {one.why}")
