"""Commands that run the desk: migrate, serve a room, work its deliveries and clocks, take HJ 212 devices, health."""

import importlib
import json
import sys
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer
import uvicorn
from sqlalchemy import create_engine, text

from scripts.processes import end_with_parent
from shared.config import Settings
from shared.records import migrations

RoomArgument = Annotated[str, typer.Argument(help="gateway, clue, case or referral")]
FACTORIES = {name: f"{package}.main:create" for name, package in migrations.ROOMS.items()}


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (migrate, serve, work, intake, health, verify_journals):
        app.command(command.__name__.replace("_", "-"))(command)


def migrate() -> None:
    """Bring every room's database to the newest version, creating it on PostgreSQL where it is missing."""
    settings = Settings()
    for room in migrations.ROOMS:
        url = settings.database_url(room)
        _create_database(url)
        migrations.upgrade(room, url)
        print(f"{room}: ok")


def _create_database(url: str) -> None:
    if url.startswith("sqlite"):
        return
    name = urlsplit(url).path.lstrip("/")
    engine = create_engine(url.replace(f"/{name}", "/postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        known = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).scalar()
        if not known:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()


def serve(room: RoomArgument) -> None:
    """Serve a room over HTTP on the port of its address."""
    settings = Settings()
    end_with_parent()
    uvicorn.run(
        FACTORIES[_known(room)],
        factory=True,
        host=settings.listen_host,
        port=urlsplit(settings.room_url(room)).port or 80,
        access_log=False,
        server_header=False,
        proxy_headers=settings.trust_proxy,
        timeout_graceful_shutdown=10,
        log_level="warning",
    )


def work(room: RoomArgument) -> None:
    """Carry a room's deliveries and watch its clocks until told to stop."""
    end_with_parent()
    importlib.import_module(f"{migrations.ROOMS[_known(room)]}.worker").main()


def intake() -> None:
    """Take HJ 212 devices over TCP until told to stop."""
    end_with_parent()
    importlib.import_module("services.clue_service.intake.door").main()


def health(room: RoomArgument) -> None:
    """Ask a room whether it is well; the exit status answers."""
    try:
        answer = httpx.get(f"{Settings().room_url(_known(room))}/health", timeout=4)
        well = answer.status_code == 200
    except httpx.HTTPError:
        well = False
    sys.exit(0 if well else 1)


def verify_journals(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Verify every chain of every room: each entry's hash, its place, and the subjects' versions."""
    settings, total, broken = Settings(), 0, []
    for room, package in migrations.ROOMS.items():
        module = importlib.import_module(f"{package}.main")
        count, found = module.verify(settings)
        total += count
        broken += [{"room": room, "subject": one.subject, "seq": one.seq, "why": one.why} for one in found]
        if not as_json:
            print(f"{room}: {count} entries, {len(found)} broken")
    if as_json:
        print(json.dumps({"entries": total, "broken": broken}, ensure_ascii=False))
    else:
        for one in broken:
            print(f"broken: {one['subject']} entry {one['seq']}: {one['why']}")
    sys.exit(1 if broken else 0)


def _known(room: str) -> str:
    if room not in migrations.ROOMS:
        raise typer.BadParameter(f"one of {', '.join(migrations.ROOMS)}")
    return room
