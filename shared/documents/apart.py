"""What we did not write is printed in a process of its own, with limits of time and memory, and no way out."""

import base64
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.errors import BodyInvalid, Text

SECONDS = 5
MEMORY_BYTES = 2 * 1024**3
NOWHERE = "http://127.0.0.1:9"
"""Where a package would be fetched from: nobody listens on the discard port."""
ROOT = Path(__file__).resolve().parents[2]
_two_at_a_time = threading.BoundedSemaphore(2)


def printed(
    format: str, template: bytes, sheets: Sequence[Mapping[str, Any]], *, at: datetime, fonts: Path | None
) -> list[bytes]:
    """Return one document for every sheet. Raises BodyInvalid, also for a template that takes too long or too much."""
    asked = {
        "format": format,
        "template": base64.b64encode(template).decode(),
        "sheets": list(sheets),
        "at": at.isoformat(),
        "fonts": str(fonts) if fonts else None,
    }
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"), NOWHERE)
    surroundings = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "LANG": "C.UTF-8", "NO_PROXY": ""} | proxies
    with _two_at_a_time:
        try:
            answer = subprocess.run(
                [sys.executable, "-m", "shared.documents.apart"],
                input=json.dumps(asked).encode(),
                capture_output=True,
                timeout=6 * SECONDS,
                env=surroundings,
                check=False,
            )
        except subprocess.TimeoutExpired as slow:
            raise _too_much() from slow
    if answer.returncode != 0:
        raise _too_much()
    said = json.loads(answer.stdout)
    if "refused" in said:
        raise _refusal(said["refused"])
    return [base64.b64decode(one) for one in said["printed"]]


def main() -> None:
    """Print what standard input asks for, under limits (the child's side)."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked = json.load(sys.stdin)
    template, at = base64.b64decode(asked["template"]), datetime.fromisoformat(asked["at"])
    fonts = Path(asked["fonts"]) if asked["fonts"] else None
    try:
        if asked["format"] == "pdf":
            from shared.documents import press

            made = [press.pdf(template.decode(), sheet, at=at, fonts=fonts) for sheet in asked["sheets"]]
        else:
            from shared.documents import word

            made = [word.docx(template, sheet) for sheet in asked["sheets"]]
    except BodyInvalid as refusal:
        json.dump({"refused": {"detail": refusal.detail, "errors": refusal.extra["errors"]}}, sys.stdout)
        return
    json.dump({"printed": [base64.b64encode(one).decode() for one in made]}, sys.stdout)


def _refusal(said: Mapping[str, Any]) -> BodyInvalid:
    errors = [item | {"message": Text(*item["message"])} for item in said["errors"]]
    return BodyInvalid(Text(*said["detail"]), errors=errors)


def _too_much() -> BodyInvalid:
    words = Text("文书模板所需的时间或内存过多", "The template takes too much time or memory")
    return BodyInvalid(words, errors=[{"field": "template", "code": "too_much", "message": words}])


if __name__ == "__main__":
    main()
