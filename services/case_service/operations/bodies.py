"""What agencies send in a joint operation and in a linkage."""

from typing import Annotated, Literal

from pydantic import Field

from services.case_service.conferences.bodies import Moment
from shared.matters.bodies import Name, StatedFact
from shared.matters.stating import AgencyId
from shared.records.enterprises import EnterpriseId
from shared.records.views import NO_NUL, Body, Division, LongWords, PastInstant, Words

Number = Annotated[int, Field(ge=1, le=100_000)]
Code = Annotated[str, Field(min_length=1, max_length=60, pattern=NO_NUL)]


class Join(Body):
    """Take part; `contact` is whom the others turn to."""

    contact: Words


class Decline(Body):
    """Take no part, with the reason."""

    reason: LongWords


class Invite(Body):
    """Invite a further agency: to lead too (partner) or to support (receiver)."""

    agency: AgencyId
    relation: Literal["partner", "receiver"] = "receiver"


class NewObject(Body):
    """Something to look at, and which agency does."""

    name: Words
    category: Literal["enterprise", "vehicle", "inspection_body", "repair_station", "place", "other"]
    code: Code
    division: Division
    agency: AgencyId


class ListObjects(Body):
    """Add objects to the list; one whose code is listed already is refused, and nothing is added."""

    objects: Annotated[list[NewObject], Field(min_length=1, max_length=500)]


class Check(Body):
    """What a look at an object came to; on site only under an approved inspection of it (`inspection:<uuid>`)."""

    outcome: Literal["clean", "found", "absent"]
    note: LongWords
    checked_at: PastInstant
    method: Literal["off_site", "on_site"] = "off_site"
    inspection_ref: Words | None = None


class NewTask(Body):
    """A task of an agency that takes part, due at an instant."""

    task: LongWords
    agency: AgencyId
    due_at: Moment
    object_number: Number | None = None


class Report(Body):
    """How far one's task is; `done` ends it, and its clock."""

    text: LongWords
    done: bool = False


class Settle(Body):
    """Look at a task that is done: verified, sent back with the reason, or waived with the reason."""

    verdict: Literal["verified", "returned", "waived"]
    reason: LongWords | None = None


class NewFinding(Body):
    """Something found: it becomes a clue of the bureau of `division`."""

    title: Words
    summary: LongWords
    enterprise_id: EnterpriseId
    enterprise_name: Words
    division: Division
    found_at: PastInstant
    object_number: Number | None = None


class JoinWithCase(Body):
    """Join a linkage: one's own case is opened on what was discovered then, and its filing clock runs."""

    title: Words
    summary: LongWords
    division: Division
    enterprise_id: EnterpriseId
    enterprise_name: Words
    discovered_at: PastInstant
    contact: Words


class ShareFacts(Body):
    """Facts every member may rest on; each stands in the name of the agency that says it, beside those of others."""

    facts: dict[Name, StatedFact] = Field(min_length=1, max_length=50)


class DesignateLead(Body):
    """The common superior says which member leads."""

    agency: AgencyId
    reason: LongWords
