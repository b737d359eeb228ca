"""The processes of the desk: serve a room, work its deliveries and clocks, take HJ 212 devices."""

import importlib
from typing import Annotated
from urllib.parse import urlsplit

import typer
import uvicorn

from scripts.processes import end_with_parent
from shared.config import Settings
from shared.rooms import ROOMS
from shared.starting import starting

RoomArgument = Annotated[str, typer.Argument(help="gateway, clue, case or referral")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (serve, work, intake):
        app.command(command.__name__)(command)


def serve(room: RoomArgument) -> None:
    """Serve a room over HTTP on the port of its address."""
    settings, package = Settings(), ROOMS[known(room)]
    end_with_parent()
    with starting():
        importlib.import_module(f"{package}.main")
    uvicorn.run(
        f"{package}.main:create",
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
    with starting():
        worker = importlib.import_module(f"{ROOMS[known(room)]}.worker")
    worker.main()


def intake() -> None:
    """Take HJ 212 devices over TCP until told to stop."""
    end_with_parent()
    with starting():
        door = importlib.import_module("services.clue_service.intake.door")
    door.main()


def known(room: str) -> str:
    """Return the name of a room. Raises BadParameter for anything else."""
    if room not in ROOMS:
        raise typer.BadParameter(f"one of {', '.join(ROOMS)}")
    return room
