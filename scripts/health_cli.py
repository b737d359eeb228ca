"""`lianqin health`: ask a room whether it is well. Asked every few seconds, it loads no room."""

import sys

import httpx
import typer

from scripts.serve_cli import RoomArgument, known
from shared.config import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(health)


def health(room: RoomArgument) -> None:
    """Ask a room whether it is well; the exit status answers."""
    try:
        answer = httpx.get(f"{Settings().room_url(known(room))}/health", timeout=4)
        well = answer.status_code == 200
    except httpx.HTTPError:
        well = False
    sys.exit(0 if well else 1)
