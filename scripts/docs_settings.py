"""Writes docs/settings.md from the settings class; `--check` tells when it is stale."""

import ast
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from shared.config import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "settings.md"
SECRET = ("internal_secret",)


def page() -> str:
    """Return the text of the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Environment variables with the prefix `LIANQIN_`; development needs none. Generated from `shared/config.py`."
    yield ""
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    said = _said()
    for name, field in Settings.model_fields.items():
        default = "(development only)" if name in SECRET else f"`{field.default}`" if field.default != "" else "(empty)"
        yield f"| `LIANQIN_{name.upper()}` | {default} | {said.get(name, '')} |"


def _said() -> dict[str, str]:
    """Return the sentence written under each setting in its class."""
    tree = ast.parse((ROOT / "shared" / "config.py").read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef))
    said: dict[str, str] = {}
    for before, after in pairwise(body):
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and is_text:
            said[before.target.id] = " ".join(str(after.value.value).split())  # type: ignore[attr-defined]
    return said


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` say whether it is fresh and says something of every setting."""
    silent = set(Settings.model_fields) - set(_said())
    if silent:
        print(f"settings without a word: {', '.join(sorted(silent))}")
        return 1
    if "--check" not in arguments:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print("docs/settings.md is stale: run make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
