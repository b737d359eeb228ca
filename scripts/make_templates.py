"""Write the packaged templates of every kind of document from their wording; `--check` only compares."""

import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from scripts import template_docx, template_typst
from shared.rules import document_kinds

WORDING = Path(__file__).parent / "template_wording.yaml"
FOLDER = Path(__file__).parents[1] / "shared" / "documents" / "templates"
MOMENT = (2026, 1, 1, 0, 0, 0)


def templates() -> Iterator[tuple[str, bytes]]:
    """Yield every template as (file name, bytes); the same wording gives the same bytes."""
    wording: dict[str, list[dict[str, Any]]] = yaml.safe_load(WORDING.read_text(encoding="utf-8"))
    kinds = document_kinds.default()
    if set(wording) != set(kinds.kinds):
        raise ValueError(f"wording and kinds differ: {sorted(set(wording) ^ set(kinds.kinds))}")
    for name, blocks in wording.items():
        kind = kinds.kind(name)
        yield f"{name}.typ", template_typst.page(kind, blocks).encode()
        yield f"{name}.docx", _settled(template_docx.page(kind, blocks))


def _settled(content: bytes) -> bytes:
    """Return a .docx without the moment it was made."""
    settled = io.BytesIO()
    with zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as target:
        for name, part in _parts(content).items():
            target.writestr(zipfile.ZipInfo(name, MOMENT), part, zipfile.ZIP_DEFLATED)
    return settled.getvalue()


def _parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return {name: source.read(name) for name in source.namelist()}


def main(arguments: list[str]) -> int:
    """Write the templates, or with `--check` say which are stale. Returns the exit code."""
    stale = [name for name, content in templates() if not _is_fresh(name, content)]
    if "--check" in arguments:
        for name in stale:
            print(f"{name} 已过时：运行 python -m scripts.make_templates / is stale", file=sys.stderr)
        return 1 if stale else 0
    for name, content in templates():
        if name in stale:
            (FOLDER / name).write_bytes(content)
    return 0


def _is_fresh(name: str, content: bytes) -> bool:
    """Whether a template is as it would be written; a .docx by its parts, since packing differs between machines."""
    path = FOLDER / name
    if not path.is_file():
        return False
    kept = path.read_bytes()
    return _parts(kept) == _parts(content) if path.suffix == ".docx" else kept == content


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
