"""What every event carries is a payload; the one to people has its optional parts here."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Payload(BaseModel):
    """The data of an event: read from the subject and the step's body, unknown fields ignored when read."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")


class NoticeRaised(Payload):
    """A role of an agency is to be told; the gateway knows the people.

    `person` (`person:<uuid>`) tells only that person of the agency, whatever the roles. `calendar` is a complete
    iCalendar text with its METHOD. `in_hours` says that the clock counts hours, so that no quiet hour holds it back.
    `template` with `values` is the catalogue's text (`notice:<id>`, `ladder:<id>:<rung>`) and what fills it.
    """

    key: str
    agency: str
    role: str
    type: str
    level: str
    subject: str
    title_zh: str
    title_en: str
    body_zh: str
    body_en: str
    calendar: str = ""
    person: str = ""
    needs_answer: bool = False
    in_hours: bool = False
    template: str = ""
    values: dict[str, str] = {}


class ConferenceResolved(Payload):
    """A conference resolved (leg 4): what was agreed, and the matters between agencies that are to be opened for it.

    Each of `matters` says `kind`, `procedure`, `about`, `journey_id`, `parties`, `stated`, what the case says of
    itself, and `by`: the officer who resolved.
    """

    title: str
    about: list[str]
    resolutions: list[dict[str, Any]]
    matters: list[dict[str, Any]]


class CalendarChanged(Payload):
    """A notice of days off, or a change of single days, that every room counts with from now on.

    `notice`: year, papers (addresses of the official paper), days (name, date, isOffDay); `adjusts` for single days.
    """

    notice: dict[str, Any]
    source: str


class OperationFound(Payload):
    """An agency found something in a joint operation: a clue for the bureau of the division."""

    title: str
    summary: str
    enterprise_id: str
    enterprise_name: str
    division: str
    found_at: AwareDatetime
    agency: str
    operation: str
    number: int
    reported_by: dict[str, Any]


class ClueOfOperation(Payload):
    """The clue that a finding of a joint operation became; `finding` is the id of the message that told of it."""

    finding: UUID
    owner: str


class SeriousCase(Payload):
    """A case was turned into a serious one: the matters to be opened with the police and the procuratorate.

    `matters` as in ConferenceResolved; `then` names the steps that follow the first one at once.
    """

    title: str
    observers: list[str]
    matters: list[dict[str, Any]]
