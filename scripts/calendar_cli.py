"""Commands over notices of days off: take one in, and see how far every room has counted its clocks anew."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from gateway.desk import calendar_notices
from gateway.desk.calendar_notices import NewNotice
from scripts.seed import administrator
from shared.config import Settings
from shared.errors import LianqinError
from shared.records import calendars
from shared.rooms import ROOMS
from shared.web.assembly import make_room

app = typer.Typer(no_args_is_help=True, help="放假安排 / notices of days off")


@app.callback()
def calendar() -> None:
    """Look after the notices of days off that clocks are counted with."""


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="放假安排文件（JSON）/ a notice: year, papers, days", exists=True)],
    source: Annotated[str, typer.Option(help="来源 / where it was published")] = "",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Take a notice in; the running desk counts every open clock anew. Exit 2 when it cannot be taken."""
    room = make_room("gateway", {}, Settings())
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        kept = {name: said[name] for name in ("year", "papers", "days", "adjusts") if name in said}
        body = NewNotice.model_validate(kept | {"source": source})
        highest = next(one for one in room.catalogue.agencies.values() if _is_highest(one))
        with room.transaction() as session:
            by = administrator(room, highest.id)
            found, is_new = calendar_notices.take(session, body, by=by, now=room.clock())
            shown = calendar_notices.view(found)
    except (json.JSONDecodeError, KeyError, ValidationError, LianqinError) as refused:
        typer.echo(f"不能录入 / not taken: {refused}", err=True)
        raise typer.Exit(2) from refused
    finally:
        room.database.close()
    if as_json:
        typer.echo(json.dumps(shown.model_dump(mode="json") | {"is_new": is_new}, ensure_ascii=False))
        return
    words = "已录入，各服务将重新计算期限 / taken: every room counts anew" if is_new else "此前已录入 / known already"
    typer.echo(f"{shown.year} ({shown.first_on} – {shown.last_on}): {words}")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Say how far each room is with each notice: taken, counted, settled, how many dates moved."""
    found = {name: _status(name) for name in ROOMS if name != "gateway"}
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    for name, notices in found.items():
        typer.echo(f"{name}: " + ("无 / none" if not notices else ""))
        for one in notices:
            done = (
                f"已算 / counted {one['looked_at']}, 变动 / moved {one['moved']}"
                if one["applied_at"]
                else "待算 / waits"
            )
            typer.echo(f"  {one['digest'][:12]} {one['first_on']} – {one['last_on']}: {done}")


def _status(name: str) -> list[dict[str, Any]]:
    room = make_room(name, {}, Settings())
    try:
        with room.reading() as session:
            return [one.model_dump(mode="json", exclude={"days"}) for one in calendars.known(session)]
    finally:
        room.database.close()


def _is_highest(agency: Any) -> bool:
    return agency.kind.startswith("ecological") and not agency.superior
