"""Drills: their own two tables, the bodies, and the views; every view carries the mark."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic import Field as Said
from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from services.clue_service.squads.squads import SQUAD_ID
from shared.records.views import Body, LongWords, PastInstant, Words

Mark = Literal["演练/DRILL"]
MARK: Mark = "演练/DRILL"
Part = Literal["model", "screening", "verification"]
PARTS: tuple[Part, ...] = ("model", "screening", "verification")
ATTEMPTS: dict[Part, int] = {"model": 3, "screening": 1, "verification": 1}
"""How often a squad may submit: the score of a model tells little of the labels, that of a verdict tells them."""
MOST_HITS = 2000
"""How many hits a squad is given to screen, the most severe ones where there are more."""
SquadId = Annotated[str, Said(pattern=SQUAD_ID)]
RuleId = Annotated[str, Said(pattern=r"^R[0-9]{2}$")]


class Drill(SQLModel, table=True):
    """A drill. It is no subject: it has no parties, no procedure and no clocks, and no event of it leaves the room."""

    __tablename__ = "drills"

    id: UUID = Field(primary_key=True)
    owner: str
    name: str
    squads: list[str] = Field(sa_type=JSON)
    begins_at: datetime
    ends_at: datetime
    state: str = "prepared"
    """prepared, open (it has its set), closed."""
    set_sha256: str = ""
    """Digest of the uploaded set; also the name of its folder."""
    tables: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    """Rows of each table of the set."""
    labels: int = 0
    hits: int = 0
    created_at: datetime


class DrillEntry(SQLModel, table=True):
    """What a squad handed in for one part, and the score it got."""

    __tablename__ = "drill_entries"
    __table_args__ = (UniqueConstraint("drill_id", "squad", "part", "attempt"),)

    id: UUID = Field(primary_key=True)
    drill_id: UUID = Field(index=True, foreign_key="drills.id")
    squad: str
    part: str
    attempt: int
    given: dict[str, Any] = Field(sa_type=JSON)
    score: float
    at: datetime


class NewDrill(Body):
    """Prepare a drill: its name, the squads that take part, and the span in which they hand in."""

    name: Words
    squads: Annotated[list[SquadId], Said(min_length=1, max_length=200)]
    begins_at: PastInstant
    ends_at: PastInstant


class ModelEntry(Body):
    """Hand in a model: the rules that are run (none named: all) and the parameters that are not left as they are."""

    squad: SquadId
    rules: Annotated[list[RuleId], Said(min_length=1, max_length=50)] | None = None
    parameters: dict[RuleId, dict[Annotated[str, Said(max_length=60)], float]] = Said(
        default_factory=dict, max_length=50
    )


class Verdict(Body):
    """Whether a hit of the drill is worth a clue, and why."""

    hit: Annotated[int, Said(ge=1)]
    verdict: Literal["accepted", "rejected"]
    reason: LongWords


class ScreeningEntry(Body):
    """Hand in the verdicts on the drill's hits; a hit left out counts as wrong."""

    squad: SquadId
    verdicts: Annotated[list[Verdict], Said(min_length=1, max_length=MOST_HITS)]


class Result(Body):
    """What looking closely at an accepted hit came to; of a confirmed one, from when to when it went on."""

    hit: Annotated[int, Said(ge=1)]
    result: Literal["confirmed", "unfounded"]
    findings: LongWords
    observed_from: PastInstant | None = None
    observed_to: PastInstant | None = None


class VerificationEntry(Body):
    """Hand in the results on the hits the squad itself accepted; one left out counts as wrong."""

    squad: SquadId
    results: Annotated[list[Result], Said(min_length=1, max_length=MOST_HITS)]


class Marked(BaseModel):
    """Whatever a drill shows says that it is one."""

    model_config = ConfigDict(from_attributes=True)

    mark: Mark = MARK


class DrillView(Marked):
    """A drill as it is shown."""

    id: UUID
    owner: str
    name: str
    squads: list[str]
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    state: str
    tables: dict[str, int]
    labels: int
    hits: int


class DrillList(Marked):
    """The drills one may see."""

    items: list[DrillView]


class WipedDrill(Marked):
    """A drill of which only the journalled scores are left."""

    id: UUID
    name: str
    owner: str
    squads: list[str]
    wiped_at: AwareDatetime


class WipedDrills(Marked):
    """The wiped drills whose scores one may see."""

    items: list[WipedDrill]


class DrillHit(Marked):
    """A hit of the rules as they are over the drill's set; it is no clue and never becomes one."""

    number: int
    rule_id: str
    entity_id: str
    pollutant: str | None
    from_at: AwareDatetime
    to_at: AwareDatetime
    severity: float
    grade: str
    zh: list[str]
    en: list[str]


class DrillHits(Marked):
    """The hits to screen."""

    items: list[DrillHit]


class Reason(BaseModel):
    """Why a score is what it is."""

    zh: str
    en: str


class ScoreView(Marked):
    """The score of a squad in one part, 0 to 100, with what it was made of."""

    squad: str
    part: Part
    attempt: int
    score: float
    numbers: dict[str, float | None]
    reasons: list[Reason]


class Place(BaseModel):
    """A squad's place: its total is the mean of the three parts, a part not handed in being nought."""

    rank: int
    squad: str
    zh: str
    en: str
    total: float
    parts: dict[str, float]


class Scores(Marked):
    """The scores one may see, and the ranking once it was published."""

    id: UUID
    name: str
    state: Literal["running", "closed", "wiped"]
    scores: list[ScoreView]
    ranking: list[Place]
