"""`lianqin up` where somebody serves already."""

import socket

import pytest
import typer

from scripts.up_cli import refuse_taken
from shared.config import Settings


def test_a_port_that_is_taken_is_named_with_its_setting(capsys):
    with socket.socket() as taken, socket.socket() as other:
        taken.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))  # nobody listens: it is free
        taken.listen()
        port, free = taken.getsockname()[1], other.getsockname()[1]
        urls = {f"{room}_url": f"http://127.0.0.1:{free}" for room in ("gateway", "clue", "referral")}
        with pytest.raises(typer.Exit):
            refuse_taken(Settings(**urls, case_url=f"http://127.0.0.1:{port}", hj212_port=free))
    said = capsys.readouterr().out
    assert said.count(f"{port} (LIANQIN_CASE_URL)") == 2
    assert "LIANQIN_CLUE_URL" not in said
    refuse_taken(Settings(**urls, case_url=f"http://127.0.0.1:{free}", hj212_port=free))
