"""All that the page of one subject shows, gathered from its room and, for the whole journey, from every room."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from gateway.console import clocks, conferring, facts, joining, lanes, matters, penalties, together
from gateway.console.asking import ROOM_OF, path_of
from gateway.console.entry import Visit
from gateway.console.navigation import is_of_bureau
from gateway.console.steps import procedure_of, step_shown
from gateway.console.telling import read, told
from gateway.console.times import moment
from gateway.desk import routes as desk

ENTRIES = "200"
PARTIES = ("owner", "receiver", "copied")
DETAILS: Mapping[str, str] = {
    "clues": (
        "source division industry outlet_id pollutant rule_id score reports discovered_at observed_from observed_to "
        "priority assigned_to squad reply_by result method findings verified_at reviewed_by review_opinion "
        "redirected_to reason note outcome"
    ),
    "complaints": "tracking category channel place division occurred_at is_named filed_by reply replied_at",
    "cases": (
        "case_no source division rule_id discovered_at officers conduct_on suspected_offence handed_over_at "
        "accepted_at receipt_number requested outcome outcome_at finding proposal decision decision_number "
        "reason result"
    ),
    "inspections": "division planned_on planned_until_on visit_started_at visit_result approved_at door_code requester",
    "squad-tasks": "division squad data_direction reply_by replied_at extensions handled_by task_result",
    "measures": "conduct_on letter_number handed_over_at sent_manifest",
    "operations": "letter_number handed_over_at",
    "linkages": "letter_number handed_over_at",
    "conferences": "starts_at ends_at place online reply_by opinions_by access_until chair recorder reason",
    "supervisions": "conduct_on letter_number handed_over_at sent_manifest",
    "consultations": "letter_number handed_over_at sent_manifest",
    "referrals": (
        "suspected_offence conduct_on letter_number handed_over_at receipt_number accepted_at acknowledged_at "
        "requested note outcome decision_number decided_at notified_at forwarded_to reasons handed_at "
        "platform_entry_number grounds result sent_manifest"
    ),
}
"""What the head of a page tells of a subject, in this order, where it is known."""


async def gathered(visit: Visit, kind: str, subject_id: UUID) -> dict[str, Any]:
    """Return what the page of a subject shows. Raises Refused when the reader may not see it."""
    rooms, target = visit.rooms, f"/{subject_id}"
    subject = await fetched(visit, kind, subject_id)
    journal, ledger, steps, items, verdicts, journey, whole = await asyncio.gather(
        rooms.get(kind, f"{target}/journal", limit=ENTRIES),
        rooms.get(kind, f"{target}/deadlines"),
        rooms.get(kind, f"{target}/steps", language=visit.words.language),
        rooms.get(kind, f"{target}/evidence"),
        _verdicts(visit, kind, subject),
        desk.journey(UUID(subject["journey_id"]), rooms.upstream, rooms.assertion),
        joining.parts(visit, kind, subject),
    )
    entries = [read(entry) for entry in journal["items"]]
    pauses = clocks.pauses_of(entries)
    lines = told(visit, [entry.model_dump(mode="json") for entry in journey.entries])
    return {
        "kind": kind,
        "subject": subject,
        "title": subject["title"],
        "state": state_of(visit, subject),
        "procedure": visit.words.name(procedure_of(visit, subject)),
        "parties": _parties(visit, subject),
        "neighbours": neighbours(subject) if kind != "complaints" or is_of_bureau(visit.by) else [],
        "details": details(visit, kind, subject),
        "clocks": [clocks.shown(visit, clock, pauses.get(str(clock["id"]), ())) for clock in ledger["items"]],
        "lines": told(visit, journal["items"]),
        "picture": lanes.picture(visit, lines) if lines else None,
        "unavailable": journey.unavailable,
        "items": [shown_item(visit, item, entries) for item in items["items"]],
        "facts": facts.shown(visit, together.own_facts(subject)),
        "verdicts": facts.verdicts_shown(visit, verdicts),
        "steps": joining.offered(visit, subject, whole, [_step(visit, kind, subject, one) for one in steps["steps"]]),
        **(await penalties.shown(visit, str(subject_id)) if kind == "cases" else penalties.NOTHING),
        "key": str(uuid4()),
        "conference": await conferring.parts(visit, subject) if kind == conferring.KIND else None,
        "together": together.shown(visit, subject, whole) if whole is not None else None,
    }


async def fetched(visit: Visit, kind: str, subject_id: UUID) -> dict[str, Any]:
    """Return a subject as its room shows it, with a title. Raises Refused when the reader may not see it."""
    return titled(visit, await visit.rooms.get(kind, f"/{subject_id}"))


def titled(visit: Visit, subject: dict[str, Any]) -> dict[str, Any]:
    """Return a subject with a title; a complaint's are its number and what it is about, never who complained."""
    if "tracking" in subject:
        category = visit.words(f"value.{subject['category']}")
        return subject | {"title": f"{subject['tracking']} {category}"}
    return subject


def _step(visit: Visit, kind: str, subject: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    return conferring.fitted(visit, subject, step_shown(visit, kind, subject, step))


async def _verdicts(visit: Visit, kind: str, subject: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if kind == "cases":
        found: list[Mapping[str, Any]] = await visit.rooms.get(
            kind, f"/{subject['id']}/verdicts", language=visit.words.language
        )
        return found
    return subject.get("verdicts") or ()


def details(visit: Visit, kind: str, subject: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is known of a subject, as (label, value) in words."""
    found = [(visit.words(f"field.{name}"), name, subject.get(name)) for name in DETAILS[kind].split()]
    if matters.is_alone(procedure_of(visit, subject)) or kind == "cases":
        found += [(label, name, value) for label, value, name in matters.stated_shown(visit, subject)]
    return [(label, _in_words(visit, name, value)) for label, name, value in found if value]


def _parties(visit: Visit, subject: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return who takes part, as (relation, name)."""
    named = {"owner": [subject["owner"]]} | dict(subject.get("takes_part") or {})
    for party in PARTIES:
        if subject.get(party) and party not in named:
            named[party] = [subject[party]]
    return [(relation, visit.agency(agency)) for relation, agencies in named.items() for agency in agencies]


def _in_words(visit: Visit, name: str, value: Any) -> str:
    if name == "filed_by":
        return visit.agency(str(value))
    if isinstance(value, list):
        return visit.words("list.comma").join(str(one) for one in value)
    if name.endswith(("_at", "_by", "_from", "_to", "_until")) and isinstance(value, str) and "T" in value:
        return moment(value)
    return visit.words.or_else(f"value.{value}", str(value))


def state_of(visit: Visit, subject: Mapping[str, Any]) -> str:
    """Return the name of the state a subject is in."""
    return visit.words.name(procedure_of(visit, subject).states.get(subject["state"]), subject["state"])


def states_of(visit: Visit, kind: str) -> list[tuple[str, str]]:
    """Return every state a kind of subject can be in, with its name, in the order of the procedures."""
    found: dict[str, dict[str, None]] = {}
    for versions in visit.catalogue.procedures.values():
        known = versions[-1]
        for name, one in known.states.items() if known.subject == ROOM_OF[kind] else ():
            if name != known.initial:
                found.setdefault(name, {})[visit.words.name(one)] = None
    return [(name, visit.words("list.or").join(names)) for name, names in found.items()]


def is_final(visit: Visit, subject: Mapping[str, Any]) -> bool:
    """Whether nothing more can happen to a subject."""
    state = procedure_of(visit, subject).states.get(subject["state"])
    return state is not None and state.final


def neighbours(subject: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the subjects a subject came from or led to, as (kind, path)."""
    about = subject.get("about") or []
    named = [subject[name] for name in ("clue_ref", "inspection_ref", "case_ref", "referral_ref") if subject.get(name)]
    refs = [*named, *([about] if isinstance(about, str) else about)]
    return [(ref.partition(":")[0], path_of(ref)) for ref in dict.fromkeys(refs)]


def shown_item(visit: Visit, item: Mapping[str, Any], entries: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return an item of evidence with its document's name and who added it."""
    agency, _, actor = item["added_by"].partition("/")
    names = {entry["by"]["actor"]: entry["by"].get("name", "") for entry in entries if entry.get("by")}
    return {**item, "document_name": document_name(visit, item["document"]), "by": visit.agency(agency)} | {
        "who": "" if agency.startswith("system:") else names.get(actor, "")
    }


def document_name(visit: Visit, document: str) -> str:
    """Return the name of a document of a requirement set."""
    for versions in visit.catalogue.requirements.values():
        known = versions[-1].document(document)
        if known is not None:
            return visit.words.name(known)
    return visit.words.or_else(f"document.{document}", document)
