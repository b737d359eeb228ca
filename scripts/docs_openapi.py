"""Write gateway/openapi.json, the one published API document; `--check` fails when it is stale."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from gateway import main as gateway
from gateway.published import merge
from scripts.rooms import open_room
from services.case_service import main as case
from services.clue_service import main as clue
from services.referral_service import main as referral
from shared.config import Settings
from shared.records.room import Room

PAGE = Path(__file__).parents[1] / "gateway" / "openapi.json"
APPS: dict[str, Callable[[Room], FastAPI]] = {
    "gateway": gateway.create_api,
    "clue": clue.make,
    "case": case.make,
    "referral": referral.make,
}
"""The gateway first: a path it answers itself is its own."""


def document() -> str:
    """Return the merged document as text."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(folder=Path(folder), database_server="", environment="development")
        parts: dict[str, dict[str, Any]] = {}
        for name, make in APPS.items():
            room = open_room(name, settings)
            parts[name] = make(room).openapi()
            room.database.close()
    return json.dumps(merge(parts), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write the document, or with `--check` say whether it is fresh."""
    if "--check" in arguments:
        if PAGE.read_text(encoding="utf-8") == document():
            return 0
        print("gateway/openapi.json is stale: run python -m scripts.docs_openapi")
        return 1
    PAGE.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
