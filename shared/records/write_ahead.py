"""The log of an SQLite database ahead of the database: readers and a writer at one time."""

import sqlite3
import time
from typing import Any

SWITCHES, SWITCH_SECONDS = 500, 0.02
"""How often, and with what pause, a connection tries to make a new database keep its log ahead."""


def write_ahead(cursor: Any) -> None:
    """Let a database keep its log ahead. Two that make the switch in one moment are refused at once: they try again."""
    for _ in range(SWITCHES):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as busy:
            if busy.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(SWITCH_SECONDS)
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")
