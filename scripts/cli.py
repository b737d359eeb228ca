"""The command `lianqin`: one group of commands per room of work, each imported only when it is asked for."""

import importlib
import sys
from collections.abc import Iterable

import typer

from shared.starting import starting

HELP = "联勤:生态环境执法协同 / Lianqin: coordination of environmental enforcement"
GROUPS = {
    "law": "scripts.law_cli",
    "calendar": "scripts.calendar_cli",
    "hj212": "scripts.hj212_cli",
    "detect": "scripts.detect_cli",
    "rules": "scripts.rules_cli",
    "document": "scripts.document_cli",
    "dossier": "scripts.dossier_cli",
    "keys": "scripts.keys_cli",
    "sealed": "scripts.sealed_cli",
    "evidence": "scripts.evidence_cli",
}
"""Commands that are programs of their own (`app`)."""
COMMANDS = {
    "migrate": "scripts.databases_cli",
    "serve": "scripts.serve_cli",
    "work": "scripts.serve_cli",
    "intake": "scripts.serve_cli",
    "health": "scripts.health_cli",
    "verify-journals": "scripts.databases_cli",
    "add-administrator": "scripts.operator_cli",
    "deliveries": "scripts.operator_cli",
    "up": "scripts.up_cli",
    "verify": "scripts.verify_cli",
    "checkpoint": "scripts.checkpoint_cli",
}
"""Commands a module adds by `register`."""


def program(wanted: Iterable[str] = ()) -> typer.Typer:
    """Return the program with the wanted commands; with all of them when none is known (help, a typing error)."""
    named = [name for name in wanted if name in GROUPS or name in COMMANDS] or [*GROUPS, *COMMANDS]
    app = typer.Typer(no_args_is_help=True, help=HELP)
    for name in named:
        if name in GROUPS:
            app.add_typer(importlib.import_module(GROUPS[name]).app, name=name)
    for module in dict.fromkeys(COMMANDS[name] for name in named if name in COMMANDS):
        importlib.import_module(module).register(app)
    return app


def main() -> None:
    """Run the program."""
    with starting():
        app = program(sys.argv[1:2])
    if len(app.registered_commands) + len(app.registered_groups) == 1:
        app.callback()(lambda: None)  # keeps the one command's name in front of its arguments
    app()


if __name__ == "__main__":
    main()
