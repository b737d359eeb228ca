"""What an operator relies on: the compose file says what runs, databases go up and down, secrets have no default."""

import re
from pathlib import Path

import pytest
import yaml
from alembic import command
from pydantic import ValidationError

from scripts.cli import COMMANDS, GROUPS, program
from scripts.processes import COMPOSE, commands
from shared.config import DEVELOPMENT_SECRET, Settings
from shared.records import migrations
from shared.rooms import ROOMS

FILE = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
OURS = {name: service for name, service in FILE["services"].items() if "command" in service}


def test_every_room_is_served_and_worked():
    given = {tuple(service["command"]) for service in OURS.values()}
    for room in ROOMS:
        assert ("lianqin", "serve", room) in given
        assert ("lianqin", "work", room) in given
    assert ("lianqin", "intake") in given
    assert ("lianqin", "migrate") in given


def test_every_command_is_one_of_ours():
    app = program()
    known = {info.name or info.callback.__name__ for info in app.registered_commands if info.callback}
    assert known == set(COMMANDS)
    assert {group.name for group in app.registered_groups} == set(GROUPS)
    for name, service in OURS.items():
        assert service["command"][0] == "lianqin", name
        assert service["command"][1] in known, name
    assert set(commands()) == set(OURS) - {"migrate"}


def test_every_setting_in_the_file_exists():
    known = {f"LIANQIN_{name.upper()}" for name in Settings.model_fields}
    for service in OURS.values():
        assert set(service["environment"]) <= known


def test_the_addresses_fit_the_ports():
    for room in ROOMS:
        address = OURS[room]["environment"][f"LIANQIN_{room.upper()}_URL"]
        default = Settings.model_fields[f"{room}_url"].default
        assert address == f"http://{room}:{default.rsplit(':', 1)[1]}"


def test_each_http_process_and_the_database_have_a_health_check():
    for name in (*ROOMS, "postgres"):
        assert "test" in FILE["services"][name]["healthcheck"], name


def test_no_secret_has_a_default():
    text = COMPOSE.read_text(encoding="utf-8")
    for name in ("POSTGRES_PASSWORD", "LIANQIN_INTERNAL_SECRET"):
        for use in re.findall(r"\$\{" + name + r"[^}]*\}", text):
            assert ":?" in use
    example = (Path(COMPOSE).parent / ".env.example").read_text(encoding="utf-8")
    assert re.search(r"^LIANQIN_INTERNAL_SECRET=$", example, re.MULTILINE)


def test_data_outlives_the_containers():
    assert "/var/lib/postgresql/data" in FILE["services"]["postgres"]["volumes"][0]
    for service in OURS.values():
        assert any(volume.endswith(":/data") for volume in service["volumes"])
        assert service["environment"]["LIANQIN_FOLDER"] == "/data"


@pytest.mark.parametrize(
    "wrong",
    [
        {"internal_secret": DEVELOPMENT_SECRET},
        {"internal_secret": "short"},
        {"database_server": ""},
        {"secure_cookies": False},
    ],
)
def test_production_refuses_what_is_unsafe(wrong):
    right = {
        "environment": "production",
        "internal_secret": "x" * 40,
        "database_server": "postgresql://u:p@h:5432",
        "secure_cookies": True,
    }
    assert Settings(**right)
    with pytest.raises(ValidationError):
        Settings(**(right | wrong))


@pytest.mark.parametrize("room", list(ROOMS))
def test_a_database_goes_up_down_and_up_and_agrees_with_the_models(room, databases, tmp_path):
    url = databases.scratch(tmp_path, room)
    migrations.upgrade(room, url)
    command.check(migrations.config(room, url))
    command.downgrade(migrations.config(room, url), "base")
    migrations.upgrade(room, url)
    command.check(migrations.config(room, url))


def test_the_generated_documents_are_fresh():
    from scripts import docs

    assert docs.main(["--check"]) == 0
