"""Commands over the databases of every room: bring them to the newest version, verify their journals."""

import json
import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer
from sqlalchemy import create_engine, text

from scripts.rooms import open_room
from shared.config import Settings
from shared.records import migrations
from shared.rooms import ROOMS
from shared.web.assembly import verify_all


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (migrate, verify_journals):
        app.command(command.__name__.replace("_", "-"))(command)


def migrate() -> None:
    """Bring every room's database to the newest version, creating it on PostgreSQL where it is missing."""
    settings = Settings()
    for room in ROOMS:
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


def verify_journals(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Verify every chain of every room: each entry's hash, its place, and the subjects' versions."""
    settings, total, broken = Settings(), 0, []
    for room in ROOMS:
        count, found = verify_all(open_room(room, settings))
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
