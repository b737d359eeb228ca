"""The bodies of a referral's steps: what the bureau, the police and the procuratorate state, and what is written."""

from typing import Annotated, Literal

from pydantic import AwareDatetime
from pydantic import Field as Said

from shared.events import ManifestData
from shared.records.views import NO_NUL, Body, LongWords, PastInstant, Words

Condition = Annotated[str, Said(pattern=r"^[a-z0-9_]{1,60}$")]


class SubmitReport(Body):
    """Submit the written report to the head: body and procedure lawful, lawful evidence (衔接办法第五条)."""

    procedure_lawful: bool
    evidence_lawful: bool
    conditions: dict[Condition, bool] = Said(default_factory=dict, max_length=40)


class Approve(Body):
    """Approve the referral; the 24 hours to hand over begin (衔接办法第六条)."""

    note: LongWords | None = None


class Refuse(Body):
    """Do not approve the referral; the reasons are recorded (310令第五条)."""

    reasons: LongWords


class Send(Body):
    """Hand the dossier to the police and copy the letter to the procuratorate (衔接办法第六条)."""

    letter_number: Words


class Sent(Send):
    """What sending writes: the frozen manifest and the moment."""

    handed_over_at: AwareDatetime
    sent_manifest: str
    manifest: ManifestData


class Receipt(Body):
    """The police's receipt (衔接办法第七条), bound to the manifest it speaks of."""

    receipt_number: Words
    accepted_at: PastInstant
    manifest_digest: Annotated[str, Said(pattern="^[0-9a-f]{64}$")]
    signed_receipt: Annotated[str, Said(max_length=20_000, pattern=NO_NUL)] | None = None
    """The typed receipt `accepted`, signed by the police with their own key (see the dossier's document)."""


class Received(Body):
    """What a receipt writes."""

    receipt_number: str
    accepted_at: AwareDatetime
    manifest_digest: str


class CopyAcknowledged(Body):
    """The procuratorate has the copy of the transfer letter."""

    acknowledged_at: PastInstant


class AskCorrection(Body):
    """The materials are incomplete: to be corrected within three days (衔接办法第八条)."""

    missing_materials: LongWords


class CorrectionAsked(AskCorrection):
    """What asking for correction writes."""

    requested: str


class AskSupplement(Body):
    """An outline of the supplementary investigation asked for (衔接办法第八条)."""

    outline: LongWords


class SupplementAsked(AskSupplement):
    """What asking for a supplement writes."""

    requested: str


class Supply(Body):
    """What was asked for is supplied, or why it cannot be."""

    note: LongWords


class Supplied(Supply):
    """What supplying writes."""

    manifest: ManifestData


class ExtendClueCheck(Body):
    """The police take seven days because the clue must be checked (衔接办法第九条)."""

    ground: LongWords


class ExtendComplex(Body):
    """The police take thirty days in a complex case, approved by the head of a county-level organ or above."""

    ground: LongWords
    approver: Words


class Decided(Body):
    """A decision of the police; with `notified_at` it is notified in the same breath (衔接办法第九条)."""

    decision_number: Words
    decided_at: PastInstant
    notified_at: PastInstant | None = None


class DecidedAgainst(Decided):
    """A decision against filing: with its reasons, the file returned."""

    reasons: LongWords


class Filed(Decided):
    """A decision to file; where one against it stands, the procuratorate's notice to file (刑诉规则第五百六十三条)."""

    supervision_notice: Words | None = None


class DecisionWritten(Filed):
    """What a decision writes: its kind, reasons where there are any, and what it means for further documents."""

    outcome: Literal["filed", "not_filed", "returned", "withdrawn"]
    reasons: str | None = None
    conditions: dict[str, bool]


class Notify(Body):
    """The decision was notified in writing."""

    notified_at: PastInstant


class ReturnCase(Body):
    """It is not for the police; returned within 24 hours of finding so (衔接办法第九条)."""

    reasons: LongWords
    confirmed_at: PastInstant


class Returned(ReturnCase):
    """What returning writes."""

    outcome: Literal["returned"] = "returned"
    decided_at: AwareDatetime


class Forward(Body):
    """Sent on within 24 hours to the police organ that has jurisdiction (衔接办法第九条)."""

    forwarded_to: Words
    confirmed_at: PastInstant


class Forwarded(Forward):
    """What forwarding writes: it is received by the other organ from now on."""

    receiver: str


class HandOver(Body):
    """The items of the case were handed over after filing (衔接办法第十条)."""

    handed_at: PastInstant


class Grounds(Body):
    """Why the police are asked to think again, or the procuratorate to supervise."""

    grounds: LongWords


class Supervise(Grounds):
    """What suggesting supervision writes: what the letter must come with (衔接办法第十三条)."""

    conditions: dict[str, bool]


class PlatformEntry(Body):
    """The referral was entered in the information-sharing platform (衔接办法第三十四条)."""

    platform_entry_number: Words


class CloseNotFiled(Body):
    """Close a referral that was not filed and is not contested."""

    reason: LongWords


class Withdraw(Body):
    """The police withdrew the filed case, with reasons."""

    reasons: LongWords
    decided_at: PastInstant


class Withdrawn(Withdraw):
    """What a withdrawal writes."""

    outcome: Literal["withdrawn"] = "withdrawn"
    conditions: dict[str, bool]


class ReturnForInvestigation(Body):
    """The procuratorate returns the case for a supplementary investigation (衔接办法第十九条)."""

    returned_at: PastInstant
    outline: LongWords


class CriminalResult(Body):
    """How the criminal procedure ended."""

    result: Literal["prosecuted", "not_prosecuted", "convicted", "acquitted", "exempted"]
    decided_at: PastInstant
