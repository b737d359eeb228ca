"""The published document and the pages that explain it and the refusals: plain HTML, nothing from elsewhere."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.deps import LanguageDep
from gateway.published import operations
from shared.errors import LianqinError, all_errors

router = APIRouter(include_in_schema=False)
DOCUMENT = Path(__file__).parents[1] / "openapi.json"
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Vary": "Accept-Language"}

_pages = Environment(loader=PackageLoader("gateway.desk"), autoescape=True, undefined=StrictUndefined)


@router.get("/v1/openapi.json")
def document() -> Response:
    """The published API document."""
    return Response(_document(), media_type="application/json")


@router.get("/docs")
def overview(language: LanguageDep) -> HTMLResponse:
    """List every operation, by subject."""
    page = _pages.get_template("docs.html").render(language=language, groups=_groups())
    return HTMLResponse(page, headers=HEADERS)


@router.get("/docs/errors")
def errors(language: LanguageDep) -> HTMLResponse:
    """Explain every refusal: what it is and what to do next."""
    refusals = [_said(refusal, language) for refusal in all_errors()]
    page = _pages.get_template("errors.html").render(language=language, refusals=refusals)
    return HTMLResponse(page, headers=HEADERS)


@cache
def _document() -> bytes:
    return DOCUMENT.read_bytes()


@cache
def _groups() -> dict[str, list[dict[str, Any]]]:
    """Return the operations of the published document under their first tag."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, method, operation in operations(orjson.loads(_document())):
        tag = next(iter(operation.get("tags", [])), "desk")
        words = operation.get("description") or operation.get("summary", "")
        groups.setdefault(tag, []).append({"method": method.upper(), "path": path, "words": words})
    return dict(sorted(groups.items()))


def _said(refusal: type[LianqinError], language: str) -> dict[str, Any]:
    return {
        "code": refusal.code(),
        "status": refusal.status,
        "title": refusal.title.say(language),
        "next": refusal.next_step.say(language),
    }
