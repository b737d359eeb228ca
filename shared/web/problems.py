"""Refusals as `application/problem+json` (RFC 9457), in the reader's language, with what to do next."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from shared import errors
from shared.errors import LianqinError, Text

MEDIA_TYPE = "application/problem+json"

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "description": "Address of our page on this refusal"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "next": {"type": "string", "description": "What to do next"},
        "reasons": {"type": "array", "items": {"type": "object"}},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


def language_of(header: str | None) -> str:
    """Return "en" when Accept-Language prefers English to Chinese, else "zh"."""
    best = {"zh": 0.0, "en": 0.0}
    for part in (header or "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        name = tag[:2].lower()
        if name in best:
            best[name] = max(best[name], _weight(weight))
    return "en" if best["en"] > best["zh"] else "zh"


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0) if text else 1.0
    except ValueError:
        return 0.0


def problem(error: LianqinError, language: str, instance: str = "") -> dict[str, Any]:
    """Return the problem document of a refusal: what, why and what next."""
    document: dict[str, Any] = {
        "type": f"/docs/errors#{error.code()}",
        "title": error.title.say(language),
        "status": error.status,
        "code": error.code(),
        "detail": error.detail.say(language),
        "next": error.next_step.say(language),
    }
    if instance:
        document["instance"] = instance
    for name, value in error.extra.items():
        document[name] = spoken(value, language)
    return document


def spoken(value: Any, language: str, *, is_whole: bool = False) -> Any:
    """Return a value as JSON, with every pair of zh and en texts said in one language as `text`.

    What is empty is left out, unless `is_whole`: then every part stands in the answer.
    """
    if isinstance(value, Text):
        return value.say(language)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return _spoken_mapping(value, language, is_whole=is_whole)
    if isinstance(value, list | tuple | set | frozenset):
        return [spoken(part, language, is_whole=is_whole) for part in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _spoken_mapping(value: Mapping[Any, Any], language: str, *, is_whole: bool) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, part in value.items():
        name = str(name)
        stem, _, tail = name.rpartition("_")
        if name in ("zh", "en"):
            if name == language:
                said["text"] = part
        elif tail in ("zh", "en") and stem and f"{stem}_zh" in value and f"{stem}_en" in value:
            if tail == language:
                said[stem] = part
        elif is_whole or part not in (None, (), [], {}):
            said[name] = spoken(part, language, is_whole=is_whole)
    return said


def answer(error: LianqinError, *, language: str, instance: str = "") -> Response:
    """Return the HTTP answer of a refusal."""
    headers = {"Content-Language": "en" if language == "en" else "zh-CN", "Vary": "Accept-Language"}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in error.extra:
        headers["Retry-After"] = str(error.extra["retry_after"])
    content = orjson.dumps(problem(error, language, instance))
    return Response(content, status_code=error.status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Make every refusal of an app a problem document."""

    @app.exception_handler(LianqinError)
    def _ours(request: Request, error: LianqinError) -> Response:
        return answer(error, language=_language(request), instance=request.url.path)

    @app.exception_handler(RequestValidationError)
    def _shape(request: Request, error: RequestValidationError) -> Response:
        items = [
            {"field": ".".join(str(part) for part in item["loc"]), "code": item["type"], "message": item["msg"]}
            for item in error.errors()
        ]
        return answer(errors.BodyInvalid(errors=items), language=_language(request), instance=request.url.path)

    @app.exception_handler(Exception)
    def _fault(request: Request, _error: Exception) -> Response:
        return answer(LianqinError(), language=_language(request), instance=request.url.path)  # then raised and logged

    @app.exception_handler(HTTPException)
    def _plain(request: Request, error: HTTPException) -> Response:
        return answer(_of_status(error), language=_language(request), instance=request.url.path)


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language"))


def _of_status(error: HTTPException) -> LianqinError:
    known: dict[int, type[LianqinError]] = {
        400: errors.BodyInvalid,
        401: errors.NotSignedIn,
        404: errors.NotVisible,
        405: errors.MethodNotAllowed,
        413: errors.BodyTooLarge,
        415: errors.MediaTypeRefused,
    }
    return known.get(error.status_code, LianqinError)()
