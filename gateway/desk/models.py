"""What the calculator and the dry run are asked, and what they answer."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel
from pydantic import Field as Said

from gateway.identity.models import Body, Line
from shared.records.views import storable

Amount = Annotated[int, Said(ge=-36500, le=36500)]


class PauseBody(Body):
    """Time that does not count; `to_on` absent: still open."""

    from_on: date
    to_on: date | None = None
    ground: str = ""


class ExtensionBody(Body):
    """An extension, approved or only thought of."""

    amount: Amount
    unit: Line
    ground: str = ""
    approved_by: str = ""
    to_total: bool = False


class DueQuestion(Body):
    """A clock to compute: the term, when it began, what paused it and what extended it."""

    term: Line
    started_at: AwareDatetime
    pauses: list[PauseBody] = Said(default_factory=list, max_length=100)
    extensions: list[ExtensionBody] = Said(default_factory=list, max_length=20)
    end_on: date | None = None


class Words(BaseModel):
    """A text in both languages."""

    zh: str
    en: str


class DueStep(Words):
    """One step of a computation, with the day it led to."""

    code: str
    on: date | None = None


class ExtensionAnswer(BaseModel):
    """Whether the law allows an extension, and if not, why."""

    allowed: bool
    reasons: list[DueStep]


class DueAnswer(BaseModel):
    """When a clock lapses and because of what."""

    term: str
    name: Words
    cite: Words
    due_on: date | None
    due_at: AwareDatetime | None
    lapses_at: AwareDatetime | None
    provisional: bool
    paused: bool
    day_count: int | None
    because: list[DueStep]
    extensions: list[ExtensionAnswer]


class TrialFact(Body):
    """A fact: its value, for numbers the unit, and the evidence it rests on."""

    value: Annotated[bool | float | str | list[str] | None, AfterValidator(storable)]
    unit: str | None = None
    evidence: list[str] = Said(default_factory=list, max_length=100)


class Matter(Body):
    """Facts to try the standards on; the day of the conduct selects the law."""

    facts: Annotated[dict[str, TrialFact], Said(max_length=300)]
    conduct_on: date
    target: Line | None = None


class TrialDocument(Body):
    """A document you hold, and what it states (拍摄人, 拍摄时间 …)."""

    document: Line
    details: Annotated[dict[str, Any], AfterValidator(storable)] = Said(default_factory=dict)


class ReferralTrial(Body):
    """A referral to try: the procedure, where it stands, the facts, and what you hold.

    `relations` is what your agency would be to it; `roles` whose steps are tried (absent: your own).
    """

    procedure: Line
    state: Line | None = None
    on: date | None = None
    conduct_on: date | None = None
    facts: Annotated[dict[str, TrialFact], Said(max_length=300)] = Said(default_factory=dict)
    documents: list[TrialDocument] = Said(default_factory=list, max_length=500)
    conditions: Annotated[dict[str, bool], Said(max_length=100)] = Said(default_factory=dict)
    relations: Annotated[
        tuple[Literal["owner", "receiver", "copied", "supervisor", "respondent", "partner"], ...], Said(max_length=6)
    ] = ("owner",)
    roles: list[Line] | None = Said(default=None, max_length=20)


class Trial(BaseModel):
    """The verdict of every standard in force on the day of the conduct."""

    conduct_on: date
    catalogue: str
    unknown_facts: list[str]
    verdicts: list[dict[str, Any]]
