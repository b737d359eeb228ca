"""What a conference can resolve: each kind acts on a case by that case's own procedure."""

from typing import Annotated, Literal

from pydantic import Field

from services.case_service.cases.models import Refer, ReferOtherwise
from services.case_service.conferences.bodies import CaseRef, Moment
from shared.matters.stating import AgencyId
from shared.records.views import Body, LongWords


class NewAction(Body):
    """A task of an agency, due at an instant."""

    task: LongWords
    agency: AgencyId
    due_at: Moment
    subject: CaseRef | None = None


class ResolveRefer(Refer):
    """Refer the case to the police (移送涉嫌犯罪案件)."""

    kind: Literal["refer"]
    subject: CaseRef


class ResolveReferOtherwise(ReferOtherwise):
    """Refer the case under another procedure."""

    kind: Literal["refer_otherwise"]
    subject: CaseRef


class ResolveInvolve(Body):
    """Tell the police early, who may join (衔接办法第二十六条)."""

    kind: Literal["involve_police"]
    subject: CaseRef
    grounds: LongWords
    parties: dict[str, list[AgencyId]] = Field(default_factory=dict, max_length=8)


class ResolveList(Body):
    """Propose the case for joint listed supervision (衔接办法第三十一条)."""

    kind: Literal["list_supervision"]
    subject: CaseRef
    grounds: LongWords
    parties: dict[str, list[AgencyId]] = Field(default_factory=dict, max_length=8)


class ResolveSupplement(Body):
    """Ask an agency to supply evidence: an action item; a concluded investigation is taken up again."""

    kind: Literal["supplement"]
    subject: CaseRef
    agency: AgencyId
    what: LongWords
    due_at: Moment


class ResolveClose(Body):
    """Close the case with its result."""

    kind: Literal["close"]
    subject: CaseRef
    result: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class ResolveNote(Body):
    """Something agreed that moves no case."""

    kind: Literal["note"]
    text: LongWords


Resolution = Annotated[
    ResolveRefer
    | ResolveReferOtherwise
    | ResolveInvolve
    | ResolveList
    | ResolveSupplement
    | ResolveClose
    | ResolveNote,
    Field(discriminator="kind"),
]


class Resolve(Body):
    """Resolve: every part acts, or none does. `actions` are the tasks that follow."""

    resolutions: Annotated[list[Resolution], Field(min_length=1, max_length=20)]
    actions: list[NewAction] = Field(default_factory=list, max_length=50)
