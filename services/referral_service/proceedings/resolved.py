"""Matters the case room asks for: what a conference resolved upon, who comes in when a case turns serious."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.referral_service.proceedings.commands import open_matter, take
from services.referral_service.proceedings.models import Consultation, Supervision
from shared.events import Event
from shared.identity import Principal
from shared.matters.bodies import Open, Take
from shared.matters.models import Between
from shared.payloads import ConferenceResolved, SeriousCase
from shared.records.room import room_of

MODELS: Mapping[str, type[Between]] = {one.kind: one for one in (Consultation, Supervision)}
NAMES = ("procedure", "title", "summary", "division", "enterprise_id", "enterprise_name", "about", "conduct_on")


def open_resolved(session: Session, event: Event) -> None:
    """Open every matter a conference resolved upon, for the officer who resolved; its first step is taken."""
    _open(session, ConferenceResolved.model_validate(event.data).matters)


def open_serious(session: Session, event: Event) -> None:
    """Tell the police and ask the procuratorate about a case that turned serious."""
    _open(session, SeriousCase.model_validate(event.data).matters)


def _open(session: Session, matters: Sequence[Mapping[str, Any]]) -> None:
    now = room_of(session).clock()
    for matter in matters:
        body = Open(
            **{name: matter[name] for name in NAMES},
            journey_id=UUID(matter["journey_id"]),
            parties=matter["parties"],
            stated=matter["stated"],
        )
        by, model = _officer(matter["by"]), MODELS[matter["kind"]]
        opened = open_matter(session, model, body, by=by, now=now)
        for step in matter.get("then", ()):
            take(session, model, opened.id, step, Take(), by=by, now=now)


def _officer(said: Mapping[str, Any]) -> Principal:
    return Principal(
        agency=said["agency"],
        kind=said["kind"],
        actor=said["actor"],
        roles=frozenset(said["roles"]),
        name=said["name"],
    )
