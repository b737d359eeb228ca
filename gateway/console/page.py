"""How a page is written: the templates, what they can say, and the headers that keep everything on this host."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from gateway.console import times
from gateway.console.words import Words

STATIC = Path(__file__).with_name("static")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_pages = Environment(
    loader=PackageLoader("gateway.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters |= {"moment": times.moment, "seconds": times.seconds, "size": times.size}


def html(template: str, words: Words, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page in one language."""
    shown = _pages.get_template(template).render(t=words, stamp=stamp(), **values)
    headers = HEADERS | {"Content-Language": "en" if words.language == "en" else "zh-CN"}
    return HTMLResponse(shown, status_code=status, headers=headers)


@cache
def stamp() -> str:
    """Return a mark of the stylesheet and the script, so that a new release is fetched anew."""
    digest = hashlib.sha256()
    for file in sorted(STATIC.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
