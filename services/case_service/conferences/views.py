"""What is shown of conferences and their parts."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.records.views import SubjectView


class Shown(BaseModel):
    """A row as it is shown."""

    model_config = ConfigDict(from_attributes=True)


class ConferenceView(SubjectView):
    """A conference as everybody invited sees it; what was said and resolved there stands under addresses of its own."""

    title: str
    summary: str
    about: list[str]
    agenda: list[dict[str, Any]]
    place: str
    online: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reply_by: AwareDatetime
    opinions_by: AwareDatetime
    signatures_by: AwareDatetime | None
    access_until: AwareDatetime
    quorum: dict[str, Any]
    chair: str
    recorder: str
    is_regular: bool
    figures: dict[str, Any]
    manifest: str | None
    sequence: int
    minutes: int
    reason: str | None


class InvitationView(Shown):
    """An invited agency and what it answered."""

    agency: str
    people: list[dict[str, Any]]
    state: str
    is_required: bool
    answered_at: AwareDatetime | None
    is_late: bool
    reason: str
    delegated_to: str


class AttendanceView(Shown):
    """A person at the meeting, or one who stands aside."""

    agency: str
    name: str
    post: str
    arrived_at: AwareDatetime | None
    left_at: AwareDatetime | None
    recused: str


class OpinionView(Shown):
    """One version of an agency's opinion; `is_current` where no later one supersedes it."""

    agency: str
    number: int
    facts: str
    charge_or_matter: str
    sufficiency: str
    to_supplement: str
    recommendation: str
    is_dissent: bool
    is_late: bool
    at: AwareDatetime
    name: str
    is_current: bool = True


class SignatureView(Shown):
    """What an agency said of a version of the minutes, with the signed statement to verify offline."""

    number: int
    agency: str
    decision: str
    reasons: str
    at: AwareDatetime
    is_late: bool
    key: str
    document: str


class MinutesView(Shown):
    """A version of the minutes: what it says, its digest, and who signed it; `awaits` are those that have not."""

    number: int
    digest: str
    at: AwareDatetime
    says: dict[str, Any]
    signatures: list[SignatureView]
    awaits: list[str]


class VerifiedView(BaseModel):
    """What of a version of the minutes holds, finding by finding."""

    number: int
    holds: bool
    digest: str
    findings: list[dict[str, str]]
    awaits: list[str]


class QuorumShown(Shown):
    """Whether enough agencies take part."""

    holds: bool
    wanted: int
    present: list[str]
    missing: list[str]
    recused: list[str]


class ActionView(Shown):
    """An action item; `is_overdue` once its moment passed before it was done."""

    number: int
    task: str
    agency: str
    subject: str
    due_at: AwareDatetime
    state: str
    progress: list[dict[str, Any]]
    proof: list[UUID]
    done_at: AwareDatetime | None
    verified_at: AwareDatetime | None
    note: str
    is_overdue: bool = False


class ResolutionsView(BaseModel):
    """What was resolved, in the order it acted."""

    resolutions: list[dict[str, Any]]
