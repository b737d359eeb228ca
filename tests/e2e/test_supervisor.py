"""The local runner leaves nothing behind, however it ends, and starts again what dies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.processes import PARENT, Supervisor
from tests.processes import environment, running_desk

ROOT = Path(__file__).resolve().parents[2]


def of_supervisor(pid: int) -> list[int]:
    """Return the live processes that name this supervisor."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                says = f"{PARENT}={pid}".encode() in (folder / "environ").read_bytes().split(b"\0")
                lives = " Z " not in (folder / "stat").read_text()
            except OSError:
                continue
            if says and lives:
                found.append(int(folder.name))
    return found


def gone(pid: int) -> bool:
    give_up = time.monotonic() + 20
    while of_supervisor(pid) and time.monotonic() < give_up:
        time.sleep(0.2)
    return not of_supervisor(pid)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_runner(tmp_path, how):
    wanted = os.environ | environment(tmp_path / "var", "", "x_")
    runner = subprocess.Popen(
        [sys.executable, "-m", "scripts.cli", "up", "--no-demo"],
        cwd=ROOT,
        env=wanted,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert runner.stdout is not None
    with runner.stdout as said:
        assert any("/console" in line for line in said), "the runner did not come up"
        assert len(of_supervisor(runner.pid)) == 9
        runner.send_signal(how)
        runner.wait(timeout=30)
    assert gone(runner.pid)


def test_what_dies_is_started_again(tmp_path):
    with running_desk(environment(tmp_path / "var", "", "x_")) as (supervisor, _settings):
        assert isinstance(supervisor, Supervisor)
        before = supervisor.children["case-worker"].process
        supervisor.kill("case-worker")
        assert supervisor.watch() == ["case-worker"]
        give_up = time.monotonic() + 10
        while supervisor.children["case-worker"].process is None and time.monotonic() < give_up:
            supervisor.watch()
            time.sleep(0.1)
        after = supervisor.children["case-worker"].process
        assert after is not None
        assert after is not before
