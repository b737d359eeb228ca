"""The gateway's database: up, as the models say, down and up again."""

from alembic import command
from sqlalchemy import create_engine, inspect

from gateway.tables import TABLES
from shared.records import migrations
from shared.records.room import Room


def test_up_check_down_up(room: Room) -> None:
    url = room.settings.database_url("gateway")
    settings = migrations.config("gateway", url)
    command.check(settings)
    command.downgrade(settings, "base")
    engine = create_engine(url)
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    migrations.upgrade("gateway", url)
    assert {str(table.__tablename__) for table in TABLES} <= set(inspect(engine).get_table_names())
    engine.dispose()
