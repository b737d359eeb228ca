"""What agencies send to a conference: one body a step."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from shared.matters.stating import AgencyId
from shared.records.views import EARLIEST_YEAR, NO_NUL, Body, JsonObject, LongWords, Words

LATEST_YEAR = 2100


def _on_the_calendar(value: datetime) -> datetime:
    if not EARLIEST_YEAR <= value.year < LATEST_YEAR:
        raise ValueError(f"年份应在 {EARLIEST_YEAR} 与 {LATEST_YEAR} 之间 / the year is out of range")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_on_the_calendar)]
"""An aware instant, past or to come."""
CaseRef = Annotated[str, Field(pattern=r"^case:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Optional200 = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
OptionalLong = Annotated[str, Field(max_length=4000, pattern=NO_NUL)]
Number = Annotated[int, Field(ge=1, le=10_000)]
StatementText = Annotated[str, Field(min_length=2, max_length=20_000, pattern=NO_NUL)]


class Named(Body):
    """A person an agency sends or is asked to send; `person` is the account on this desk, where there is one."""

    name: Words
    post: Optional200 = ""
    person: Annotated[str, Field(pattern=r"^(person:[0-9a-f-]{36})?$")] = ""


class AgendaItem(Body):
    """One item of the agenda."""

    title: Words
    note: OptionalLong = ""


class Invited(Body):
    """An agency that is invited, whether it must be there, and the persons it is asked to send."""

    agency: AgencyId
    is_required: bool = False
    people: list[Named] = Field(default_factory=list, max_length=20)


class Quorum(Body):
    """How many agencies, the convener's included, must take part; a written opinion may count as taking part."""

    agencies: Annotated[int, Field(ge=1, le=50)] = 2
    written_counts: bool = True


class Convene(Body):
    """Call a conference on cases of one's own; `materials` are items of evidence of these cases.

    A regular meeting without an `agenda` has the standing one: that of the agency's last regular meeting.
    `access_until` ends the reading of the materials; without it that is the end of the meeting.
    """

    title: Words
    summary: OptionalLong = ""
    about: list[CaseRef] = Field(default_factory=list, max_length=20)
    agenda: list[AgendaItem] = Field(default_factory=list, max_length=50)
    place: Optional200 = ""
    online: Optional200 = ""
    starts_at: Moment
    ends_at: Moment
    reply_by: Moment
    opinions_by: Moment | None = None
    access_until: Moment | None = None
    invited: list[Invited] = Field(min_length=1, max_length=30)
    quorum: Quorum = Quorum()
    materials: list[UUID] = Field(default_factory=list, max_length=200)
    is_regular: bool = False

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if not (self.place or self.online):
            raise ValueError("请写明地点或者线上会议地址 / state a place or where to join")
        return self


class Change(Body):
    """Change time, place or agenda of a conference that has been called; what is left out stays.

    A start before the reply is due needs a new `reply_by`.
    """

    starts_at: Moment | None = None
    ends_at: Moment | None = None
    reply_by: Moment | None = None
    place: Optional200 | None = None
    online: Optional200 | None = None
    agenda: Annotated[list[AgendaItem], Field(min_length=1, max_length=50)] | None = None
    reason: LongWords


class Accept(Body):
    """Come, and say who."""

    people: list[Named] = Field(default_factory=list, max_length=20)


class Why(Body):
    """The reason of a step."""

    reason: LongWords


class Because(Body):
    """Why an agency does not come."""

    because: LongWords


class Delegate(Body):
    """Let another agency of the kinds that take part, or named persons of one's own, come instead."""

    delegated_to: AgencyId | None = None
    people: list[Named] = Field(default_factory=list, max_length=20)
    because: OptionalLong = ""

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.delegated_to is None and not self.people:
            raise ValueError("请写明受托机关或者人员 / name an agency or persons")
        return self


class Recuse(Body):
    """Stand aside because of a conflict (回避): the agency, or with `name` one of its persons.

    `agency` is for the convener, who may record the recusal of another.
    """

    agency: AgencyId | None = None
    name: Optional200 = ""
    because: LongWords


class OpenMeeting(Body):
    """Open the meeting."""

    chair: Words
    recorder: Optional200 = ""


class Attend(Body):
    """Record that a person is there; without `agency` one of one's own."""

    agency: AgencyId | None = None
    name: Words
    post: Optional200 = ""
    arrived_at: Moment | None = None


class Leave(Body):
    """Record that a person left."""

    agency: AgencyId | None = None
    name: Words
    left_at: Moment | None = None


class Opine(Body):
    """Give the written opinion of one's agency; a later one supersedes it."""

    facts: LongWords
    charge_or_matter: LongWords
    sufficiency: Literal["sufficient", "insufficient", "partly"]
    to_supplement: OptionalLong = ""
    recommendation: LongWords
    is_dissent: bool = False


class Reconvene(Body):
    """Set new times for a conference that was adjourned."""

    starts_at: Moment
    ends_at: Moment
    reply_by: Moment
    opinions_by: Moment | None = None
    access_until: Moment | None = None
    place: Optional200 | None = None
    online: Optional200 | None = None
    reason: LongWords


class WriteMinutes(Body):
    """Write a new version of the minutes: generated from what is recorded, with these conclusions."""

    conclusions: Annotated[list[LongWords], Field(min_length=1, max_length=50)]
    signatures_by: Moment | None = None


class SignMinutes(Body):
    """Sign a version of the minutes. An agency whose key is elsewhere sends its signed `statement`."""

    number: Number
    statement: StatementText | None = None


class RefuseMinutes(SignMinutes):
    """Refuse to sign a version of the minutes, with reasons."""

    reasons: LongWords


class Report(Body):
    """Report how far an action item is."""

    number: Number
    progress: LongWords


class Finish(Body):
    """Report an action item as done; `proof` names items given as proof of it."""

    number: Number
    proof: list[UUID] = Field(default_factory=list, max_length=50)
    note: OptionalLong = ""


class Settle(Body):
    """Verify an action item that is done."""

    number: Number
    note: OptionalLong = ""


class SendBack(Body):
    """Send an action item back, or waive it, with the reason."""

    number: Number
    because: LongWords


class Close(Body):
    """Close the conference."""

    reason: OptionalLong = ""


class StepMessage(Body):
    """A step taken by message or by sealed file: its id and what it states."""

    step: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    stated: JsonObject = Field(default_factory=dict)
