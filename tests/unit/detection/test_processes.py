"""Several processes: one that is killed is told of, and none outlives the one that asked."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.clue_service.detection.hours import Part
from services.clue_service.detection.judging import Judge
from services.clue_service.detection.processes import KEPT, ProcessLost, judged_apart
from services.clue_service.intake.tables import RowError
from tests.unit.detection.carriers import carrier

ASKS = """
from pathlib import Path
from tests.unit.detection.test_processes import Sleeping, asked
if __name__ == "__main__":
    asked([Sleeping(Path({folder!r}))] * 2)
"""
PATIENCE = 60.0
HOURS = carrier()


class Killed:
    """A piece during which the system kills whoever reads it."""

    def read(self) -> Part:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it was killed")


@dataclass(frozen=True)
class Sleeping:
    """A piece that nobody ever has read; a file says who tries."""

    folder: Path

    def read(self) -> Part:
        (self.folder / str(os.getpid())).touch()
        time.sleep(10 * PATIENCE)
        raise AssertionError("nobody waits so long")


@dataclass(frozen=True)
class Placed:
    """A piece whose only error is the cores its reader keeps to."""

    def read(self) -> Part:
        cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        error = RowError(cores, 0, os.environ["POLARS_MAX_THREADS"], "", os.environ["_RJEM_MALLOC_CONF"])
        return Part(HOURS.clear(), (error,), 1)


def asked(pieces):
    """Judge pieces by no rule with two processes."""
    return list(judged_apart(Judge({}, [], {}), pieces, 2))


def _until(holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def _runs(pid):
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no system that ties a process to cores")
@pytest.mark.parametrize("said", [None, "2"])
def test_each_process_keeps_to_one_core_unless_threads_were_asked_for(monkeypatch, said):
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    if said is not None:
        monkeypatch.setenv("POLARS_MAX_THREADS", said)
    own, before = sorted(os.sched_getaffinity(0)), dict(os.environ)
    placed = [one.part.errors[0] for one in asked([Placed()] * 6)]
    assert {one.column for one in placed} == {said or "1"}
    allowed = {str(core) for core in own} if said is None else {",".join(map(str, own))}
    assert {one.file for one in placed} <= allowed
    assert all(one.en.endswith(KEPT) for one in placed)
    assert dict(os.environ) == before


def test_a_process_that_is_killed_is_told_of():
    with pytest.raises(ProcessLost):
        asked([Killed(), Killed()])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks for processes in /proc")
def test_no_process_outlives_the_one_that_asked(tmp_path):
    script = tmp_path / "asks.py"
    at_work = tmp_path / "at_work"
    at_work.mkdir()
    script.write_text(ASKS.format(folder=str(at_work)))
    root = Path(__file__).parents[3]
    asking = subprocess.Popen([sys.executable, script], env={**os.environ, "PYTHONPATH": str(root)}, cwd=root)
    try:
        _until(lambda: len(list(at_work.iterdir())) == 2)
    finally:
        asking.kill()
        asking.wait()
    _until(lambda: not any(_runs(path.name) for path in at_work.iterdir()))
