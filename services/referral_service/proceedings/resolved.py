"""Matters a conference resolved upon: early involvement of the police, joint supervision."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.referral_service.proceedings.commands import open_matter
from services.referral_service.proceedings.models import Consultation, Supervision
from shared.events import Event
from shared.identity import Principal
from shared.matters.bodies import Open
from shared.matters.models import Between
from shared.payloads import ConferenceResolved
from shared.records.room import room_of

MODELS: Mapping[str, type[Between]] = {one.kind: one for one in (Consultation, Supervision)}
NAMES = ("procedure", "title", "summary", "division", "enterprise_id", "enterprise_name", "about", "conduct_on")


def open_resolved(session: Session, event: Event) -> None:
    """Open every matter a conference resolved upon, for the officer who resolved; its first step is taken."""
    now = room_of(session).clock()
    for matter in ConferenceResolved.model_validate(event.data).matters:
        body = Open(
            **{name: matter[name] for name in NAMES},
            journey_id=UUID(matter["journey_id"]),
            parties=matter["parties"],
            stated=matter["stated"],
        )
        open_matter(session, MODELS[matter["kind"]], body, by=_officer(matter["by"]), now=now)


def _officer(said: Mapping[str, Any]) -> Principal:
    return Principal(
        agency=said["agency"],
        kind=said["kind"],
        actor=said["actor"],
        roles=frozenset(said["roles"]),
        name=said["name"],
    )
