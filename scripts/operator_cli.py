"""Commands for the operator: the first administrator of an agency, deliveries that stopped, and sending them again."""

import json
import sys
from typing import Annotated

import typer
from sqlmodel import col, select

from gateway.identity import commands as identity
from gateway.identity.models import NewPerson
from scripts.rooms import open_room
from scripts.seed import administrator
from shared.config import Settings
from shared.errors import LianqinError
from shared.records.deliveries import Delivery, try_again
from shared.rooms import ROOMS
from shared.web.assembly import make_room


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("add-administrator")(add_administrator)
    app.command("deliveries")(deliveries)


def add_administrator(
    agency: Annotated[str, typer.Argument(help="单位编号，如 eea-320500 / agency id")],
    login: Annotated[str, typer.Argument(help="登录名 / login")],
    name: Annotated[str, typer.Argument(help="姓名 / name")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Add the first administrator of an agency; everybody else is added by an administrator through the API."""
    room = make_room("gateway", {})
    if agency not in room.catalogue.agencies:
        print(f"没有单位 {agency} / no agency {agency}", file=sys.stderr)
        raise typer.Exit(2)
    wanted = {"login": login, "name": name, "agency": agency, "roles": ["administrator"], "password": password}
    try:
        body = NewPerson.model_validate(wanted)
        with room.transaction() as session:
            identity.add_person(session, body, by=administrator(room, agency), now=room.clock())
    except (LianqinError, ValueError) as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(2) from refused
    finally:
        room.database.close()
    print(f"{login}@{agency}: ok")


def deliveries(
    stopped: Annotated[bool, typer.Option("--stopped", help="只列已停止的 / only those that stopped")] = False,
    retry: Annotated[str, typer.Option(help="ROOM:ID，重新发送 / put one back in its line")] = "",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List what is on its way in every room, or put a stopped delivery back in its line."""
    settings = Settings()
    if retry:
        _retry(settings, retry)
        return
    states = ("stopped",) if stopped else ("stopped", "pending")
    found = [row for name in ROOMS for row in _waiting(settings, name, states)]
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for row in found:
        print(f"{row['delivery']}  {row['state']}  {row['type']} → {row['receiver']}  {row['line']}  {row['error']}")
    print(f"{len(found)} deliveries")


def _waiting(settings: Settings, name: str, states: tuple[str, ...]) -> list[dict[str, object]]:
    room = open_room(name, settings)
    with room.reading() as session:
        rows = session.exec(select(Delivery).where(col(Delivery.state).in_(states)).order_by(col(Delivery.id))).all()
    room.database.close()
    return [
        {
            "delivery": f"{name}:{row.id}",
            "state": row.state,
            "type": row.type,
            "receiver": row.receiver,
            "line": row.line,
            "attempts": row.attempts,
            "error": row.last_error,
        }
        for row in rows
    ]


def _retry(settings: Settings, named: str) -> None:
    name, _, number = named.partition(":")
    if name not in ROOMS or not number.isdecimal():
        print("ROOM:ID, for example case:17", file=sys.stderr)
        raise typer.Exit(2)
    room = open_room(name, settings)
    with room.transaction() as session:
        moved = try_again(session, int(number), now=room.clock())
    room.database.close()
    print(f"{named}: {'ok' if moved else '未停止 / not stopped'}")
    raise typer.Exit(0 if moved else 1)
