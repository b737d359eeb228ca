"""Alembic's entry for the gateway."""

from gateway.tables import TABLES
from shared.records.migrations import run_env

run_env(TABLES)
