"""The gateway against the same room called directly, nginx as a proxy, and a tuned httpx proxy, in one run."""

import asyncio
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from starlette.types import Receive, Scope, Send

from gateway.identity import commands
from gateway.identity.access import Access
from gateway.identity.models import NewPerson
from shared.clock import system_now
from shared.config import Settings
from shared.identity import system
from shared.records import migrations
from shared.web.assembly import make_room

ROUNDS, MANY, SECONDS_MANY, SECONDS_ONE = 3, 32, 1.0, 1.0
PATH = "/v1/cases/018f0000-0000-7000-8000-000000000000/file"
BODY = b'{"title": "' + b"x" * 280 + b'"}'
ANSWER = b'{"state": "filed", "note": "' + b"y" * 200 + b'"}'
TARGETS = {"of nginx": 0.10, "of tuned httpx": 4.0}
ADDED_MILLISECONDS = 0.4
Load = Callable[[str, int, float, Mapping[str, str]], float]

NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5; keepalive_requests 10000000;
  upstream room {{ server 127.0.0.1:{room}; keepalive 64; keepalive_requests 10000000; }}
  server {{ listen 127.0.0.1:{room}; default_type application/json; location / {{ return 200 '{answer}'; }} }}
  server {{ listen 127.0.0.1:{proxy}; location / {{
    proxy_pass http://room; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
"""


async def room(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, as bare as ASGI allows: stands where a room stands when nginx is not installed."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


class Naive:
    """The same proxy on httpx, tuned: a pool of eight connections, `sniffio` installed, nothing parsed."""

    def __init__(self) -> None:
        limits = httpx.Limits(max_connections=8, max_keepalive_connections=8)
        self._client = httpx.AsyncClient(base_url=os.environ["BENCHMARK_ROOM"], limits=limits, trust_env=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            await self._client.aclose()
            return
        body = (await receive()).get("body", b"")
        kept = [(name, value) for name, value in scope["headers"] if name not in (b"host", b"connection")]
        answer = await self._client.request(scope["method"], scope["path"], headers=kept, content=body)
        await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.headers.raw})
        await send({"type": "http.response.body", "body": answer.content})


def naive() -> Naive:
    """Return the httpx proxy (uvicorn factory)."""
    return Naive()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


def measure() -> dict[str, Any]:
    """Measure every variant, interleaved, and return medians, ratios and targets."""
    load: Load = _wrk if shutil.which("wrk") else _own
    with ExitStack() as stack:
        variants, headers = _started(stack)
        many: dict[str, list[float]] = {name: [] for name in variants}
        one: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(ROUNDS):
            for name, address in variants.items():
                many[name].append(load(address + PATH, MANY, SECONDS_MANY, headers))
                one[name].append(load(address + PATH, 1, SECONDS_ONE, headers))
        hit = _token_hit(headers)
    rates = {name: statistics.median(found) for name, found in many.items()}
    waits = {name: 1000 / statistics.median(found) for name, found in one.items()}
    ratios = {f"of {name}": rates["gateway"] / rates[name] for name in rates if name != "gateway"}
    return {
        "requests_per_second": {name: round(rate) for name, rate in rates.items()},
        "milliseconds_at_one_connection": {name: round(wait, 3) for name, wait in waits.items()},
        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()},
        "targets": TARGETS,
        "added_milliseconds": round(waits["gateway"] - waits["direct"], 3),
        "added_milliseconds_target": ADDED_MILLISECONDS,
        "token_hit_microseconds": round(hit, 2),
        "load": load.__name__.strip("_"),
    }


def main() -> None:
    """Print what was measured, each ratio with its target."""
    found = measure()
    for name, rate in found["requests_per_second"].items():
        wait = found["milliseconds_at_one_connection"][name]
        print(f"{name:<14} {rate:>8} req/s at {MANY} connections   {wait:>7.3f} ms at 1 connection")
    for name, ratio in found["ratios"].items():
        target = TARGETS.get(name)
        print(f"gateway {name:<16} {ratio:>7.3f}" + (f"   target at least {target}" if target else ""))
    print(f"added at 1 connection   {found['added_milliseconds']:>7.3f} ms   target at most {ADDED_MILLISECONDS} ms")
    print(f"a remembered token      {found['token_hit_microseconds']:>7.2f} microseconds")


def _started(stack: ExitStack) -> tuple[dict[str, str], dict[str, str]]:
    """Start every variant; returns their addresses and the headers of one who is signed in."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    room_port, gateway_port, naive_port, nginx_port = (_free() for _ in range(4))
    direct = f"http://127.0.0.1:{room_port}"
    variants = {"direct": direct, "gateway": f"http://127.0.0.1:{gateway_port}"}
    variants["tuned httpx"] = f"http://127.0.0.1:{naive_port}"
    if nginx := shutil.which("nginx"):
        text = NGINX.format(folder=folder, room=room_port, proxy=nginx_port, answer=ANSWER.decode())
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        stack.enter_context(_running([nginx, "-c", str(folder / "nginx.conf")], room_port, {}))
        variants["nginx"] = f"http://127.0.0.1:{nginx_port}"
    else:
        stack.enter_context(_uvicorn("benchmarks.gateway:room", room_port, {}))
    token = _signed_in(folder)
    settings = {"LIANQIN_FOLDER": str(folder), "LIANQIN_CASE_URL": direct, "LIANQIN_REQUESTS_PER_MINUTE": "100000000"}
    stack.enter_context(_uvicorn("gateway.main:create", gateway_port, settings, "--factory"))
    stack.enter_context(_uvicorn("benchmarks.gateway:naive", naive_port, {"BENCHMARK_ROOM": direct}, "--factory"))
    return variants, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _signed_in(folder: Path) -> str:
    """Make the gateway's database with one person, and return the token of a sign-in."""
    settings = Settings(folder=folder, database_server="")
    migrations.upgrade("gateway", settings.database_url("gateway"))
    room = make_room("gateway", {}, settings)
    wanted = NewPerson(login="bench", name="Bench", agency="eea-320500", password="a long enough one")
    with room.transaction() as session:
        person = commands.add_person(session, wanted, by=system("gateway"), now=system_now())
        token, _ = commands.sign_in(session, person.id, address="benchmark", now=system_now())
    room.database.close()
    return token


def _token_hit(headers: Mapping[str, str]) -> float:
    """Return how long finding a remembered token takes, in microseconds."""
    with tempfile.TemporaryDirectory() as folder:
        token = _signed_in(Path(folder))
        room = make_room("gateway", {}, Settings(folder=Path(folder), database_server=""))
        access, now = Access(room), system_now() + timedelta(seconds=1)
        authorization = headers["Authorization"].replace(headers["Authorization"][7:], token).encode()
        access.admit(authorization, now)
        began, count = time.perf_counter(), 200_000
        for _ in range(count):
            access.known(authorization, now)
        took = time.perf_counter() - began
        room.database.close()
    return took / count * 1e6


@contextmanager
def _uvicorn(app: str, port: int, settings: Mapping[str, str], *flags: str) -> Iterator[None]:
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log", "--log-level", "error"]
    with _running([*command, "--http", "httptools", "--loop", "uvloop", *flags], port, settings):
        yield


@contextmanager
def _running(command: list[str], port: int, settings: Mapping[str, str]) -> Iterator[None]:
    """Run a process while the block lasts; it has twenty seconds to listen."""
    process = subprocess.Popen(command, env={**os.environ, **settings})
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}: {process.args!r}")


def _free() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def _wrk(address: str, connections: int, seconds: float, headers: Mapping[str, str]) -> float:
    """Return requests per second as wrk counts them; a refusal is an error, not a fast answer."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        lines = ['wrk.method = "POST"', f"wrk.body = [[{BODY.decode()}]]"]
        lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
        script.write("\n".join(lines))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", script.name, address]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return float(re.findall(r"Requests/sec:\s+([0-9.]+)", said)[0])


def _own(address: str, connections: int, seconds: float, headers: Mapping[str, str]) -> float:
    """Return requests per second of our own load loop."""
    return asyncio.run(_looped(address, connections, seconds, headers))


async def _looped(address: str, connections: int, seconds: float, headers: Mapping[str, str]) -> float:
    count, ends = 0, time.perf_counter() + seconds

    async def one(session: aiohttp.ClientSession) -> None:
        nonlocal count
        while time.perf_counter() < ends:
            async with session.post(address, data=BODY, headers=headers) as answer:
                await answer.read()
                answer.raise_for_status()
            count += 1

    began = time.perf_counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(one(session) for _ in range(connections)))
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
