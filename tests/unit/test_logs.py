"""The log names what failed and where, and never what the variables held."""

import pytest
import structlog

from shared import logs


def test_a_traceback_shows_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    password = "rain " * 3
    try:
        raise ValueError(f"not long enough: {len(password)}")
    except ValueError:
        structlog.get_logger().exception("sign_in.failed", room="gateway")
    said = capsys.readouterr().out
    assert "sign_in.failed" in said
    assert "ValueError: not long enough: 15" in said
    assert "test_a_traceback_shows_no_values" in said
    assert password not in said
