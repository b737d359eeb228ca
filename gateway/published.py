"""The one published API document: the documents of the gateway and the rooms, merged into one."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.door import OPEN
from shared.web.problems import MEDIA_TYPE, PROBLEM_SCHEMA

Document = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
ALWAYS = {"401": "Not signed in", "429": "Too many requests", "503": "A room is down"}
PREFIX = "#/components/schemas/"
DESCRIPTION = (
    "生态环境执法联勤：线索、案件、移送、回执，依法计时。/ "
    "Coordination of ecological-environment enforcement: clue, case, referral, answer, on the clock of the law. "
    "Refusals are application/problem+json; every POST of a step takes an Idempotency-Key."
)


def merge(documents: Mapping[str, Document]) -> Document:
    """Merge OpenAPI documents by room name; the first that has a path keeps it, so the gateway comes first.

    Schemas of one name and different content get the room's name in front. Everything needs a token but what the
    door leaves open.
    """
    clashing = _clashing(documents)
    paths: Document = {}
    schemas: Document = {"Problem": copy.deepcopy(PROBLEM_SCHEMA)}
    for room, document in documents.items():
        renamed = {name: f"{room.capitalize()}{name}" for name in clashing}
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            schemas[renamed.get(name, name)] = _rewritten(schema, renamed)
        for path, item in document["paths"].items():
            if path not in paths and _is_public(room, path):
                paths[path] = _rewritten(item, renamed)
    responses = _completed(paths)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lianqin", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"program": []}],
        "tags": [{"name": name} for name in sorted(_tags(paths))],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": responses,
            "securitySchemes": _schemes(),
        },
    }


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield every operation of a document as (path, method, operation)."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _is_public(room: str, path: str) -> bool:
    return path.startswith("/v1/") or (room == "gateway" and not path.startswith("/internal/"))


def _clashing(documents: Mapping[str, Document]) -> set[str]:
    """Return schema names that mean different things, or point to one that does."""
    seen: dict[str, set[str]] = {}
    for document in documents.values():
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            seen.setdefault(name, set()).add(json.dumps(schema, sort_keys=True))
    clashing = {name for name, texts in seen.items() if len(texts) > 1}
    clashing |= {"Problem"} & seen.keys()
    while True:
        pointing = {
            name
            for name, texts in seen.items()
            if name not in clashing and any(f'"{PREFIX}{bad}"' in text for text in texts for bad in clashing)
        }
        if not pointing:
            return clashing
        clashing |= pointing


def _rewritten(value: Any, renamed: Mapping[str, str]) -> Any:
    """Return a copy whose references follow the new names."""
    if isinstance(value, dict):
        return {
            key: _reference(part, renamed) if key == "$ref" and isinstance(part, str) else _rewritten(part, renamed)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_rewritten(part, renamed) for part in value]
    return value


def _reference(target: str, renamed: Mapping[str, str]) -> str:
    name = target.removeprefix(PREFIX)
    return PREFIX + renamed[name] if target.startswith(PREFIX) and name in renamed else target


def _completed(paths: Document) -> Document:
    """Complete every operation in place: refusals, security, unique ids. Returns the shared responses."""
    shared: Document = {}
    used: set[str] = set()
    for path, method, operation in operations({"paths": paths}):
        answers: Document = operation.setdefault("responses", {})
        for status, words in ALWAYS.items():
            answers.setdefault(status, _problem(words))
        for status, answer in answers.items():
            if set(answer.get("content", {})) == {MEDIA_TYPE}:
                shared.setdefault(f"Refused{status}", _problem(answer["description"]))
                answers[status] = {"$ref": f"#/components/responses/Refused{status}"}
        operation["responses"] = dict(sorted(answers.items()))
        operation["parameters"] = [
            given for given in operation.get("parameters", []) if not given.get("name", "").startswith("x-lianqin-")
        ]
        if method.upper() in OPEN.get(path, ()):
            operation["security"] = []
        name = str(operation.get("operationId", f"{method}_{path}"))
        operation["operationId"] = name if name not in used else f"{name}_{method}_{len(used)}"
        used.add(operation["operationId"])
    return dict(sorted(shared.items()))


def _problem(words: str) -> Document:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{PREFIX}Problem"}}}}


def _tags(paths: Document) -> set[str]:
    return {tag for _, _, operation in operations({"paths": paths}) for tag in operation.get("tags", [])}


def _schemes() -> Document:
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A person's token from POST /v1/sessions, or a program's access token",
        },
        "program": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}}},
    }
