"""The steps of a subject in words: what may be taken by form, what is lacking, what is for others; and refusals."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.console import facts, matters
from gateway.console.asking import Refused
from gateway.console.entry import Visit
from gateway.console.forms import Field, fields_of
from gateway.console.published import Schema, body_of
from gateway.console.telling import moved_in_words
from gateway.console.words import texts
from shared.errors import LianqinError
from shared.rules.entries import article_en
from shared.rules.procedure_entries import Procedure
from shared.web.problems import problem


def procedure_of(visit: Visit, subject: Mapping[str, Any]) -> Procedure:
    """Return the version of the procedure a subject keeps."""
    return visit.catalogue.procedure_version(subject["procedure_id"], subject["procedure_version"])


def step_shown(visit: Visit, kind: str, subject: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    said = [_reason(visit, reason) for reason in step.get("reasons") or ()]
    asked = {f"guard_{name}" for name in step.get("fields") or ()}
    reasons = [one for one in said if one["code"] not in asked]
    procedure = procedure_of(visit, subject)
    is_alone = matters.is_data(visit, procedure, kind, step["step"])
    schema = None if is_alone else body_of(kind, step["step"])
    return {
        "id": step["step"],
        "name": step["name"],
        "cite": facts.said(visit, step["cite"]),
        "group": _group(reasons, is_published=is_alone or schema is not None),
        "to": visit.words.name(procedure.states.get(step["to"])) if step["to"] != subject["state"] else "",
        "clocks": [
            moved_in_words(visit, {"term": one["term"], "what": one["action"]}) for one in step.get("clocks") or ()
        ],
        "reasons": reasons,
        "wanted": [one for one in said if one["code"] in asked],
        "fields": _fields(visit, procedure, kind, step["step"], schema),
        "conditions": conditions_of(visit, procedure, step["step"]),
    }


def _fields(visit: Visit, procedure: Procedure, kind: str, step_id: str, schema: Schema | None) -> list[Field]:
    if matters.is_data(visit, procedure, kind, step_id):
        return matters.stated_fields(visit, procedure.steps[step_id])
    return fields_of(schema, visit.words) if schema is not None else []


def _group(reasons: Sequence[Mapping[str, Any]], *, is_published: bool) -> str:
    """Return where a step is listed: one may take it, something is lacking, or it is for others."""
    if not is_published or any(one["kind"] == "actor" for one in reasons):
        return "others"
    return "lacking" if reasons else "allowed"


def conditions_of(visit: Visit, procedure: Procedure, step_id: str) -> list[tuple[str, str]]:
    """Return the conditions on which documents of a step's requirement set depend."""
    step = procedure.steps.get(step_id)
    versions = visit.catalogue.requirements.get(step.requirement_set or "") if step else None
    documents = versions[-1].documents if versions else ()
    return [(one.condition, visit.words.part(one, "condition", one.condition)) for one in documents if one.condition]


def _reason(visit: Visit, reason: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "text": facts.said(visit, reason),
        "cite": cite_in_words(visit, reason.get("cite") or {}),
        "next": reason.get("what_next", ""),
        "kind": reason.get("kind", ""),
        "code": reason.get("code", ""),
        "documents": [
            (one["document_id"], one.get("name", one["document_id"]))
            for one in reason.get("details") or ()
            if one.get("document_id")
        ],
    }


def cite_in_words(visit: Visit, cite: Mapping[str, Any]) -> str:
    """Return a citation that names its instrument and article."""
    name, article = cite.get("name", ""), cite.get("article", "")
    if not name:
        return facts.said(visit, cite)
    return (
        f"《{name}》{article}" if visit.words.language == "zh" else ", ".join(filter(None, (name, article_en(article))))
    )


def _labelled(visit: Visit, field: str) -> str:
    """Return the name of a field; of one within a list, with its place in it."""
    stem, _, rest = field.partition(".")
    place, _, name = rest.partition(".")
    if place.isdigit() and f"field.{stem}" in texts():
        named = visit.words.or_else(f"field.{name}", name)
        return f"{visit.words(f'field.{stem}')} {int(place) + 1} {named}".rstrip()
    return visit.words.or_else(f"field.{field}", field)


def refusal_in_words(visit: Visit, refusal: Refused | LianqinError) -> dict[str, Any]:
    """Return a refusal, of a room or of our own, as it is shown beside a form."""
    said = refusal.problem if isinstance(refusal, Refused) else problem(refusal, visit.words.language)
    return problem_in_words(visit, said)


def problem_in_words(visit: Visit, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return a problem document with its reasons and errors as they are shown beside a form."""
    errors = [
        {
            "field": str(one.get("field", "")).removeprefix("body."),
            "label": _labelled(visit, str(one.get("field", "")).removeprefix("body.")),
            "text": visit.words.or_else(f"invalid.{one.get('code')}", str(one.get("message", ""))),
        }
        for one in told.get("errors") or ()
    ]
    return {**told, "reasons": [_reason(visit, one) for one in told.get("reasons") or ()], "errors": errors}
