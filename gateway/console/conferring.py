"""Conferences in the console: their parts side by side, and forms an officer can fill in without knowing the API."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData

from gateway.console import forms
from gateway.console.asking import Refused
from gateway.console.entry import Visit
from gateway.console.forms import Choices, Field
from shared.clock import ZONE

KIND = "conferences"
PARTS = ("attendance", "opinions", "actions", "minutes")
AGENCIES = ("agency", "delegated_to", "resolution_receiver", "resolution_partner")
WANTS: Mapping[str, tuple[str, ...]] = {
    "refer": ("suspected_offence",),
    "involve_police": ("grounds",),
    "list_supervision": ("grounds",),
    "close": ("result",),
    "note": ("text",),
}
"""What each kind of resolution states beside its case."""
DIRECTIONS: Mapping[str, tuple[str, str]] = {
    "resolution_kind": ("choice", ""),
    "resolution_subject": ("choice", ""),
    "suspected_offence": ("text", ""),
    "grounds": ("area", ""),
    "resolution_receiver": ("choice", ""),
    "resolution_partner": ("choice", ""),
    "result": ("choice", ""),
    "text": ("area", ""),
    "also": ("lines", ""),
}
RESULTS = ("penalised", "no_penalty", "unfounded", "criminal_liability")


async def parts(visit: Visit, subject: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a conference consists of; to one that takes no part only who is invited."""
    target = f"/{subject['id']}"
    invitations = await visit.rooms.get(KIND, f"{target}/invitations")
    shown: dict[str, Any] = {"invitations": invitations["items"], "heard": True}
    try:
        answers = await asyncio.gather(
            *(visit.rooms.get(KIND, f"{target}/{part}") for part in (*PARTS, "quorum", "resolutions"))
        )
    except Refused as refused:
        if refused.status != 404:
            raise
        return shown | {"heard": False}
    shown |= {part: answer["items"] for part, answer in zip(PARTS, answers, strict=False)}
    opinions = [one for one in shown["opinions"] if one["is_current"]]
    resolved = [visit.words.part(one, "") for one in answers[5]["resolutions"]]
    return shown | {"quorum": answers[4], "resolutions": resolved, "current": opinions}


def fitted(visit: Visit, subject: Mapping[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    """Return a step as it is shown; where it is one of a conference, with a form an officer can fill in."""
    if not str(subject["ref"]).startswith("conference:"):
        return step
    return step | {"fields": form_fields(visit, subject, step["fields"])}


def form_fields(visit: Visit, subject: Mapping[str, Any], fields: Sequence[Field]) -> list[Field]:
    """Return the fields of a step's form: agencies and cases to choose from, lists as lines."""
    found: list[Field] = []
    for one in fields:
        if one.name == "resolutions":
            found += [_direction(visit, subject, name, kind) for name, (kind, _) in DIRECTIONS.items()]
        elif one.name in ("people", "agenda", "actions"):
            found.append(replace(one, kind="lines", hint=visit.words(f"hint.{one.name}")))
        elif one.name == "facts":
            found.append(replace(one, kind="area"))
        elif one.name in AGENCIES:
            found.append(replace(one, kind="choice", choices=agencies(visit), pattern=""))
        elif one.name == "subject":
            found.append(replace(one, kind="choice", choices=_cases(subject), pattern=""))
        else:
            found.append(one)
    return found


def _direction(visit: Visit, subject: Mapping[str, Any], name: str, kind: str) -> Field:
    choices: Choices = ()
    if name in AGENCIES:
        choices = agencies(visit)
    elif name == "resolution_subject":
        choices = _cases(subject)
    elif kind == "choice":
        values = WANTS if name == "resolution_kind" else RESULTS
        choices = tuple((value, visit.words.or_else(f"value.{value}", value)) for value in values)
    hint = visit.words.or_else(f"hint.{name}", "")
    return Field(name, kind, visit.words(f"field.{name}"), name == "resolution_kind", hint, choices)


def _cases(subject: Mapping[str, Any]) -> Choices:
    return tuple((ref, f"{ref.partition(':')[0]} …{ref[-6:]}") for ref in subject.get("about") or ())


def agencies(visit: Visit) -> Choices:
    """Return every agency of the directory, those of the reader's own division first."""
    known = visit.catalogue.agencies
    mine = known[visit.by.agency].division if visit.by.agency in known else ""
    ordered = sorted(known.values(), key=lambda one: (one.division != mine, one.division, one.id))
    return tuple((one.id, visit.words.name(one)) for one in ordered)


def step_body(visit: Visit, subject: Mapping[str, Any], fields: Sequence[Field], form: FormData) -> dict[str, Any]:
    """Return the body of a step as the form was filled in. Raises BodyInvalid for what cannot be read."""
    is_resolution = any(one.name == "resolutions" for one in fields)
    body = forms.body_from(form_fields(visit, subject, fields), form)
    if "people" in body:
        body["people"] = [_person(line) for line in body["people"]]
    if "agenda" in body:
        body["agenda"] = [{"title": line} for line in body["agenda"]]
    if "actions" in body:
        body["actions"] = [_action(line) for line in body["actions"]]
    if is_resolution:
        kept = {"actions": body["actions"]} if "actions" in body else {}
        return kept | {"resolutions": _resolutions(body)}
    return body


def _person(line: str) -> dict[str, str]:
    name, _, post = line.partition(" ")
    return {"name": name, "post": post.strip()}


def _action(line: str) -> dict[str, str]:
    parts = [part.strip() for part in line.replace("｜", "|").split("|")]
    if len(parts) != 3:
        raise forms.unreadable("actions")
    try:
        due_at = datetime.fromisoformat(parts[2]).replace(tzinfo=ZONE)
    except ValueError as broken:
        raise forms.unreadable("actions") from broken
    return {"agency": parts[0], "task": parts[1], "due_at": due_at.isoformat()}


def _resolutions(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the resolution that was chosen, then the notes beside it."""
    kind = str(body.get("resolution_kind", ""))
    first: dict[str, Any] = {"kind": kind} | {name: body.get(name) for name in WANTS.get(kind, ())}
    if kind != "note":
        first["subject"] = body.get("resolution_subject")
    if kind == "list_supervision":
        sides = {side: body.get(f"resolution_{side}") for side in ("receiver", "partner")}
        first["parties"] = {side: [agency] for side, agency in sides.items() if agency}
    return [first, *({"kind": "note", "text": line} for line in body.get("also", ()))]


CONVENE = (
    ("title", "text", True),
    ("summary", "area", False),
    ("agenda", "lines", False),
    ("place", "text", False),
    ("online", "text", False),
    ("starts_at", "moment", True),
    ("ends_at", "moment", True),
    ("reply_by", "moment", True),
    ("opinions_by", "moment", False),
    ("access_until", "moment", False),
    ("quorum_agencies", "number", True),
    ("is_regular", "flag", False),
)
"""The fields by which a conference is called, beside the agencies and materials that are ticked."""


def convene_fields(visit: Visit) -> list[Field]:
    """Return the fields of the form that calls a conference."""
    return [
        Field(name, kind, visit.words(f"field.{name}"), needed, visit.words.or_else(f"hint.{name}", ""))
        for name, kind, needed in CONVENE
    ]


def convene_body(visit: Visit, form: FormData) -> dict[str, Any]:
    """Return the body that calls a conference."""
    body = forms.body_from(convene_fields(visit), form)
    required = {str(one) for one in form.getlist("required")}
    invited = dict.fromkeys(str(one) for one in [*form.getlist("invited"), *required])
    body["agenda"] = [{"title": line} for line in body.get("agenda", ())]
    body["quorum"] = {"agencies": body.pop("quorum_agencies", 2)}
    body["invited"] = [{"agency": one, "is_required": one in required} for one in invited]
    body["materials"] = [str(one) for one in form.getlist("materials")]
    case = str(form.get("case") or "")
    return body | {"about": [f"case:{case}"] if case else []}
