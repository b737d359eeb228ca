"""What officers and partners send to open a matter between agencies, and to take one of its steps."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from shared.matters.stating import AgencyId
from shared.records.views import NO_NUL, Body, Division, JsonObject, LongWords, Words, storable

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,79}$")]
Ref = Annotated[
    str,
    Field(
        pattern=r"^(clue|case|measure|conference|operation|linkage|referral|supervision|consultation|inspection|task)"
        r":[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
    ),
]
FactWords = Annotated[str, Field(max_length=400, pattern=NO_NUL)]


class StatedFact(Body):
    """A fact: its value, unit, and the items of evidence that support it."""

    value: Annotated[bool | float | FactWords | list[FactWords], AfterValidator(storable)]
    unit: Annotated[str, Field(max_length=40, pattern=NO_NUL)] | None = None
    evidence: list[FactWords] = Field(default_factory=list, max_length=50)


class Open(Body):
    """Open a matter between agencies under a procedure of the catalogue.

    `parties` names agencies by relation; whom the procedure can find by itself (the procuratorate of the same level,
    the superior) may be left out. `stated` holds what the opening step asks for.
    """

    procedure: Name
    title: Words
    summary: LongWords
    division: Division
    enterprise_id: Annotated[str, Field(max_length=200, pattern=NO_NUL)] = ""
    enterprise_name: Annotated[str, Field(max_length=200, pattern=NO_NUL)] = ""
    about: Ref | None = None
    journey_id: UUID | None = None
    parties: dict[Name, Annotated[list[AgencyId], Field(min_length=1, max_length=20)]] = Field(
        default_factory=dict, max_length=8
    )
    conduct_on: date | None = None
    facts: dict[Name, StatedFact] = Field(default_factory=dict, max_length=100)
    basis: list[Name] = Field(default_factory=list, max_length=40)
    conditions: dict[Name, bool] = Field(default_factory=dict, max_length=40)
    step: Name | None = None
    """The step by which it begins, where the procedure can begin in more than one way."""
    stated: JsonObject = Field(default_factory=dict)


class Take(Body):
    """Take a step: what it states, by the names `GET …/steps` lists; `conditions` of documents known to hold or not."""

    stated: JsonObject = Field(default_factory=dict)
    conditions: dict[Name, bool] = Field(default_factory=dict, max_length=40)


class RecordFacts(Body):
    """Record facts before the matter is handed over; a fact named again replaces the older one."""

    facts: dict[Name, StatedFact] = Field(min_length=1, max_length=100)
    conduct_on: date | None = None
