"""The processes of the desk, read from docker-compose.yml, and a supervisor that runs them without containers."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yml"
BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STOP_SECONDS = 10.0
PARENT = "LIANQIN_SUPERVISOR"
"""Names the supervisor's process to its children."""


def end_with_parent() -> None:
    """Finish when the supervisor that started this process is gone, however it ended."""
    parent = os.environ.get(PARENT, "")
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def commands(compose: Path = COMPOSE) -> dict[str, list[str]]:
    """Return the command of each long-running process of the desk, by its name in docker-compose.yml."""
    services = yaml.safe_load(compose.read_text(encoding="utf-8"))["services"]
    ours = {name: service["command"] for name, service in services.items() if "command" in service}
    return {name: command for name, command in ours.items() if command[:2] != ["lianqin", "migrate"]}


@dataclass(slots=True)
class Child:
    """One supervised process: restarted with back-off when it dies, until it is told to stop."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    next_start: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Runs the processes of the desk; each writes to its own log in `logs`."""

    logs: Path
    environment: Mapping[str, str]
    children: dict[str, Child] = field(default_factory=dict)

    def start(self, named: Mapping[str, list[str]]) -> None:
        """Start the named commands (`lianqin …` runs in this virtual environment)."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for name, command in named.items():
            child = Child(name, [sys.executable, "-m", "scripts.cli", *command[1:]])
            self.children[name] = child
            self._spawn(child)

    def _spawn(self, child: Child) -> None:
        with (self.logs / f"{child.name}.log").open("ab") as log:
            child.process = subprocess.Popen(
                child.command,
                cwd=ROOT,
                env={**os.environ, **self.environment, PARENT: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def watch(self) -> list[str]:
        """Start again what died, after a back-off. Returns the names that died since the last look."""
        now, died = time.monotonic(), []
        for child in self.children.values():
            if child.process is not None and child.process.poll() is not None:
                died.append(child.name)
                wait = BACK_OFF_SECONDS[min(child.deaths, len(BACK_OFF_SECONDS) - 1)]
                child.process, child.deaths, child.next_start = None, child.deaths + 1, now + wait
            if child.process is None and now >= child.next_start:
                self._spawn(child)
        return died

    def kill(self, name: str) -> None:
        """Kill one process at once (SIGKILL), as a crash would."""
        process = self.children[name].process
        if process is not None:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """Tell every process to finish, and end what does not within ten seconds."""
        running = [child.process for child in self.children.values() if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        give_up = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(timeout=max(0.1, give_up - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.children.clear()
