"""The merge into one API document: rooms' paths, clashing names, tokens and refusals."""

import json
from typing import Any

from gateway.published import merge, operations
from shared.web.problems import MEDIA_TYPE


def document(paths: dict[str, Any], **schemas: Any) -> dict[str, Any]:
    """Return a small OpenAPI document."""
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}}


def get(name: str, schema: str) -> dict[str, Any]:
    """Return a path with one operation that answers with a schema."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"get": {"operationId": name, "tags": [name], "responses": {"200": {"description": "", "content": content}}}}


def test_only_public_paths_and_the_first_keeps_its_own() -> None:
    gateway = document({"/v1/deadlines": get("board", "Board"), "/oauth/token": {"post": {"responses": {}}}})
    case = document({"/v1/deadlines": get("own", "Own"), "/health": get("h", "H"), "/internal/x": get("i", "I")})
    case["paths"]["/v1/cases"] = get("cases", "Case")
    merged = merge({"gateway": gateway, "case": case})
    assert list(merged["paths"]) == ["/oauth/token", "/v1/cases", "/v1/deadlines"]
    assert merged["paths"]["/v1/deadlines"]["get"]["operationId"] == "board"


def test_same_schemas_are_shared_and_clashing_ones_told_apart_with_all_that_point_to_them() -> None:
    page = {"properties": {"items": {"items": {"$ref": "#/components/schemas/View"}}}}
    clue = document({"/v1/clues": get("clues", "Page")}, Page=page, View={"title": "clue"}, Same={"type": "string"})
    case = document({"/v1/cases": get("cases", "Page")}, Page=page, View={"title": "case"}, Same={"type": "string"})
    merged = merge({"clue": clue, "case": case})
    schemas = merged["components"]["schemas"]
    assert set(schemas) == {"Problem", "CluePage", "CasePage", "ClueView", "CaseView", "Same"}
    assert schemas["CasePage"]["properties"]["items"]["items"]["$ref"] == "#/components/schemas/CaseView"
    answer = merged["paths"]["/v1/cases"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/CasePage"


def test_the_parts_are_left_as_they_were() -> None:
    clue, case = document({"/v1/clues": get("same", "X")}, X={"a": 1}), document({"/v1/cases": get("same", "X")}, X={})
    before = json.dumps([clue, case])
    merged = merge({"clue": clue, "case": case})
    assert json.dumps([clue, case]) == before
    names = [operation["operationId"] for _, _, operation in operations(merged)]
    assert len(set(names)) == 2


def test_tokens_and_refusals_on_every_operation() -> None:
    gateway = document({"/v1/sessions": {"post": {"responses": {}}, "get": {"responses": {}}}})
    merged = merge({"gateway": gateway})
    for _, _, operation in operations(merged):
        assert {"401", "429", "503"} <= set(operation["responses"])
    assert merged["paths"]["/v1/sessions"]["post"]["security"] == []
    assert "security" not in merged["paths"]["/v1/sessions"]["get"]
    assert merged["security"] == [{"bearer": []}, {"program": []}]
    refused = merged["components"]["responses"]["Refused401"]
    assert refused["content"][MEDIA_TYPE]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_every_reference_of_the_packaged_document_leads_somewhere() -> None:
    from gateway.desk.pages import DOCUMENT

    text = DOCUMENT.read_text(encoding="utf-8")
    packaged = json.loads(text)
    pieces = text.split('"$ref": "#/components/')[1:]
    for piece in pieces:
        kind, _, name = piece.partition('"')[0].partition("/")
        assert name in packaged["components"][kind]
    assert len(pieces) > 100
