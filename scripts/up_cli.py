"""`lianqin up`: migrate, start every process of the desk, play the demo, and serve until interrupted."""

import signal
import socket
import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import typer
from rich.console import Console
from rich.table import Table

from scripts.databases_cli import migrate
from scripts.demo import Journey, newest_hour
from scripts.partner import open_door
from scripts.processes import Supervisor, commands
from scripts.seed import PEOPLE, remember, remembered, seed
from shared.clock import ZONE
from shared.config import Settings

console = Console()
ROOMS = ("gateway", "clue", "case", "referral")
PARTNER_PORT_OFFSET = 90
START_SECONDS = 60.0
OPEN_STATES = ("running", "paused")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("up")(up)


def up(
    demo: Annotated[bool, typer.Option(help="Play the demo / 播放演示")] = True,
    once: Annotated[bool, typer.Option(help="Stop after the demo / 演示后停止")] = False,
) -> None:
    """Set the desk up and serve it until interrupted."""
    settings = Settings()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    refuse_taken(settings)
    migrate()
    partner_port = (urlsplit(settings.gateway_url).port or 8100) + PARTNER_PORT_OFFSET
    supervisor = Supervisor(settings.folder / "logs", {"PYTHONUNBUFFERED": "1"})
    supervisor.start(commands())
    try:
        wait_healthy(settings, supervisor)
        if demo:
            passwords, partners = seed(settings, partner_url=f"http://127.0.0.1:{partner_port}")
            door = open_door(partner_port, settings.gateway_url, partners)
            door.serve_in_background()
            _play(settings, passwords)
            _sign_ins(passwords)
        elapsed = time.monotonic() - began
        console.print(f"\n[bold]控制台 Console: {settings.gateway_url}/console[/bold]   ({elapsed:.0f} s)")
        if not once:
            _serve(supervisor)
    except KeyboardInterrupt:
        console.print("\n停止 · stopping")
    finally:
        supervisor.stop()


def _play(settings: Settings, passwords: dict[str, str]) -> None:
    """Play the demo once; one that was interrupted goes on where it stopped, one that was played is not repeated."""
    known = remembered(settings)
    if known.get("played"):
        console.print("演示已播放过，数据仍在 · the demo was played before and its subjects are still there")
        return
    now = datetime.now(ZONE)
    tag, ends = known.get("tag", f"{now:%m%d%H%M%S}"), known.get("ends", newest_hour(now).isoformat())
    remember(settings, tag=tag, ends=ends)
    ends_at = datetime.fromisoformat(ends)
    journey = Journey(settings.gateway_url, passwords, say=print_leg, tag=tag, ends_at=ends_at)
    journey.play()
    journey.close()
    remember(settings, played=True)


def refuse_taken(settings: Settings) -> None:
    """Refuse to start where somebody serves already: what answered there would pass for this desk."""
    places = {f"LIANQIN_{room.upper()}_URL": urlsplit(settings.room_url(room)).port for room in ROOMS}
    taken = [
        f"{port} ({name})"
        for name, port in (*places.items(), ("LIANQIN_HJ212_PORT", settings.hj212_port))
        if port is not None and _is_taken(port)
    ]
    if taken:
        ports = ", ".join(taken)
        console.print(f"端口已被占用，请停止占用者或用所列环境变量改用其他端口：{ports}", soft_wrap=True)
        console.print(f"ports are taken: stop who has them, or set others by these variables: {ports}", soft_wrap=True)
        raise typer.Exit(2)


def _is_taken(port: int) -> bool:
    with socket.socket() as asking:
        asking.settimeout(1.0)
        return asking.connect_ex(("127.0.0.1", port)) == 0


def wait_healthy(settings: Settings, supervisor: Supervisor, still: Callable[[], None] = lambda: None) -> None:
    """Wait until every room and the gateway answer. Raises RuntimeError when one does not come up."""
    give_up = time.monotonic() + START_SECONDS
    waiting = set(ROOMS)
    with httpx.Client(timeout=2) as asking:
        while waiting:
            if time.monotonic() > give_up:
                raise RuntimeError(f"did not start: {', '.join(sorted(waiting))}; see {supervisor.logs}")
            supervisor.watch()
            still()
            waiting = {room for room in waiting if not _is_healthy(asking, settings.room_url(room))}
            time.sleep(0.2)


def _is_healthy(asking: httpx.Client, url: str) -> bool:
    try:
        return asking.get(f"{url}/health").status_code == 200
    except httpx.HTTPError:
        return False


def print_leg(words: str, clocks: dict[str, Any] | None) -> None:
    """Print a leg of the demo and the clocks that run now."""
    console.print(f"[green]●[/green] {words}", highlight=False, soft_wrap=True)
    for clock in (clocks or {}).get("items", []):
        if clock["state"] in OPEN_STATES:
            at = datetime.fromisoformat(clock["due_at"]).astimezone(ZONE)
            due = f"{clock['due_on']} 24:00" if clock["due_on"] else f"{at:%Y-%m-%d %H:%M}"
            mark = "⏸" if clock["state"] == "paused" else "⏱"
            tail = "（暂定 provisional）" if clock["provisional"] else ""
            words = f"{clock['name_zh']} {clock['name_en']} → {due} {clock['party']}{tail}"
            console.print(f"      {mark} {words}  [dim]{clock['cite_zh']}[/dim]", highlight=False, soft_wrap=True)


def _sign_ins(passwords: dict[str, str]) -> None:
    table = Table(title="演示账号 Demo sign-ins")
    for heading in ("登录名 login", "密码 password", "姓名", "单位 agency", "岗位 roles"):
        table.add_column(heading)
    for login, name, agency, roles in PEOPLE:
        table.add_row(login, passwords[login], name, agency, ", ".join(roles))
    console.print(table)


def _serve(supervisor: Supervisor) -> None:
    console.print("按 Ctrl-C 停止 · press Ctrl-C to stop")
    while True:
        for name in supervisor.watch():
            console.print(f"[yellow]{name} 已停止，重新启动 · died, started again[/yellow]")
        time.sleep(0.5)
