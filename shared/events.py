"""Every fact that leaves a room: its type, payload, sender and receivers; the CloudEvents envelope it travels in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from shared.envelopes import Event, Origin, envelope
from shared.payloads import (
    CalendarChanged,
    ClueOfOperation,
    ConferenceResolved,
    NoticeRaised,
    OperationFound,
    Payload,
    SeriousCase,
)

__all__ = ["EVENTS", "CalendarChanged", "Event", "NoticeRaised", "Origin", "Payload", "envelope"]


class ManifestData(BaseModel):
    """A frozen manifest on its way: the exact text and its SHA-256."""

    digest: str
    body: str


class ClueAccepted(Payload):
    """A verified clue was accepted: the case room opens a case (leg 2)."""

    owner: str
    title: str
    summary: str
    enterprise_id: str
    enterprise_name: str
    division: str
    source: str
    rule_id: str | None
    rule_version: str | None
    discovered_at: AwareDatetime
    manifest: ManifestData


class CaseOpened(Payload):
    """A case was opened from a clue (leg 3)."""

    clue_ref: str | None
    title: str


class CaseClosed(Payload):
    """A case was closed; its result goes back to the clue and the rule that found it (leg 14)."""

    clue_ref: str | None
    result: str


class ReferralRequested(Payload):
    """The case asks that it be referred: facts, the law's verdicts, the frozen manifest (leg 5)."""

    procedure: str = "police_criminal_referral"
    parties: dict[str, list[str]] = Field(default_factory=dict)
    summary: str = ""
    owner: str
    title: str
    enterprise_id: str
    enterprise_name: str
    division: str
    suspected_offence: str | None
    conduct_on: date | None
    facts: dict[str, Any]
    verdicts: list[dict[str, Any]]
    manifest: ManifestData


class FactsChanged(Payload):
    """Facts or evidence changed after another room was given them: what was sent stays, the difference is shown.

    Each change says `what`, its `key` (a fact's name or an item's id), `name`, `before`, `after` and `reason`.
    """

    changes: list[dict[str, Any]]
    at: AwareDatetime
    agency: str
    actor: str


class CaseSupplemented(Payload):
    """The case room gives further evidence for its referral (leg 9)."""

    referral_ref: str
    note: str
    manifest: ManifestData


class ReferralDrafted(Payload):
    """The referral room took the request (answer to leg 5)."""

    case_ref: str
    title: str


class ReferralSent(Payload):
    """The dossier went to the police, the letter's copy to the procuratorate (leg 6)."""

    case_ref: str
    title: str
    owner: str
    receiver: str
    copied: str
    enterprise_name: str
    suspected_offence: str
    letter_number: str
    handed_over_at: AwareDatetime
    facts: dict[str, Any]
    verdicts: list[dict[str, Any]]
    manifest: ManifestData


class ReferralForwarded(Payload):
    """The police sent it on to the organ that has jurisdiction: what that one must know to give its receipt."""

    case_ref: str
    title: str
    owner: str
    receiver: str
    enterprise_name: str
    suspected_offence: str
    letter_number: str
    sent_manifest: str
    confirmed_at: AwareDatetime


class ReferralReceived(Payload):
    """The police issued their receipt (leg 8)."""

    case_ref: str
    receipt_number: str
    accepted_at: AwareDatetime


class SupplementRequested(Payload):
    """The police ask for what is missing or for further investigation (leg 9)."""

    case_ref: str
    requested: str


class ReferralSupplemented(Payload):
    """What was asked for was given (leg 9)."""

    case_ref: str
    note: str
    manifest: ManifestData


class ReferralOutcome(Payload):
    """The police decided: filed, not filed, returned or withdrawn (leg 10)."""

    case_ref: str
    outcome: str
    decision_number: str | None
    reasons: str | None
    decided_at: AwareDatetime


class InvestigatedFurther(Payload):
    """A supplementary investigation began or was finished (衔接办法第十九条)."""

    case_ref: str


class CriminalResult(Payload):
    """The case was prosecuted, or the criminal procedure ended (衔接办法第十八条)."""

    case_ref: str
    result: str
    decided_at: AwareDatetime


class ReferralRefused(Payload):
    """The head did not approve the referral: the case goes on."""

    case_ref: str
    reasons: str


class Progressed(Payload):
    """A step was taken in a matter between agencies whose procedure is data alone; `stated` is all stated so far.

    `handed_over_at` says since when its receiver has it; null while it is only being prepared.
    """

    procedure_id: str
    state: str
    step: str
    about: str
    title: str
    owner: str
    receiver: str
    enterprise_id: str
    enterprise_name: str
    division: str
    conduct_on: date | None
    facts: dict[str, Any]
    verdicts: list[dict[str, Any]]
    stated: dict[str, Any]
    manifest: ManifestData | None
    handed_over_at: AwareDatetime | None = None


class MessageDelivered(Payload):
    """A partner's machine has the message that handed a manifest over: pushed and taken, or fetched."""

    agency: str
    message_id: str
    manifest_digest: str


class CheckpointPublished(Payload):
    """A day of a room was closed: the digest of its journal heads, signed; keep it, it proves the day's entries."""

    room: str
    on: date
    digest: str
    previous: str
    chains: int
    entries: int
    signature: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventType:
    """A row of the table of events: type, payload, the room that sends, the rooms that receive."""

    name: str
    payload: type[Payload]
    sender: str
    receivers: tuple[str, ...] = ()


def _table(*rows: EventType) -> Mapping[str, EventType]:
    return {row.name: row for row in rows}


EVENTS = _table(
    EventType("clue.accepted", ClueAccepted, "clue", ("case",)),
    EventType("case.opened", CaseOpened, "case", ("clue",)),
    EventType("case.referral_requested", ReferralRequested, "case", ("referral", "clue")),
    EventType("case.facts_changed", FactsChanged, "case", ("referral",)),
    EventType("case.supplemented", CaseSupplemented, "case", ("referral",)),
    EventType("case.turned_serious", SeriousCase, "case", ("referral",)),
    EventType("case.closed", CaseClosed, "case", ("clue",)),
    EventType("referral.drafted", ReferralDrafted, "referral", ("case",)),
    EventType("referral.refused", ReferralRefused, "referral", ("case",)),
    EventType("referral.sent", ReferralSent, "referral", ("case",)),
    EventType("referral.received", ReferralReceived, "referral", ("case",)),
    EventType("referral.correction_requested", SupplementRequested, "referral", ("case",)),
    EventType("referral.supplement_requested", SupplementRequested, "referral", ("case",)),
    EventType("referral.corrected", ReferralSupplemented, "referral"),
    EventType("referral.supplemented", ReferralSupplemented, "referral"),
    EventType("referral.accepted", ReferralOutcome, "referral", ("case",)),
    EventType("referral.declined", ReferralOutcome, "referral", ("case",)),
    EventType("referral.returned", ReferralOutcome, "referral", ("case",)),
    EventType("referral.withdrawn", ReferralOutcome, "referral", ("case",)),
    EventType("referral.forwarded", ReferralForwarded, "referral"),
    EventType("referral.investigated_further", InvestigatedFurther, "referral"),
    EventType("referral.prosecuted", CriminalResult, "referral", ("case",)),
    EventType("referral.concluded", CriminalResult, "referral", ("case",)),
    EventType("reconsideration.decided", ReferralOutcome, "referral", ("case",)),
    EventType("referral.progressed", Progressed, "referral", ("case",)),
    EventType("supervision.progressed", Progressed, "referral", ("case",)),
    EventType("consultation.progressed", Progressed, "referral"),
    EventType("measure.progressed", Progressed, "case"),
    EventType("conference.resolved", ConferenceResolved, "case", ("referral",)),
    EventType("operation.progressed", Progressed, "case"),
    EventType("inspection.progressed", Progressed, "clue", ("case",)),
    EventType("task.progressed", Progressed, "clue"),
    EventType("linkage.progressed", Progressed, "case"),
    EventType("operation.found", OperationFound, "case", ("clue",)),
    EventType("clue.of_operation", ClueOfOperation, "clue", ("case",)),
    EventType("notice.raised", NoticeRaised, "any", ("gateway",)),
    EventType("calendar.changed", CalendarChanged, "any", ("clue", "case", "referral")),
    EventType("message.delivered", MessageDelivered, "any", ("referral",)),
    EventType("checkpoint.published", CheckpointPublished, "any", ("gateway",)),
)
"""Events that leave a room. Entries of other types stay in their journal, or go to agencies only."""
