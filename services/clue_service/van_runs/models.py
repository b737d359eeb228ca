"""Van runs: the table, the bodies, what is shown."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from pydantic import Field as Said
from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from shared.records.views import EARLIEST_YEAR, Body, LongWords, PastInstant, Words

Threshold = Annotated[float, Said(gt=0, allow_inf_nan=False)]


class VanRun(SQLModel, table=True):
    """A run of a mobile monitoring van (走航): who drove it, with which calibration, against which thresholds."""

    __tablename__ = "van_runs"
    __table_args__ = (UniqueConstraint("owner", "run_id"),)

    id: UUID = Field(primary_key=True)
    journey_id: UUID
    owner: str
    run_id: str
    """How the run is called in the table van_points."""
    run_on: date
    vehicle: str
    officers: list[dict[str, Any]] = Field(sa_type=JSON)
    calibration: dict[str, Any] = Field(sa_type=JSON)
    thresholds: dict[str, float] = Field(sa_type=JSON)
    """Only those that differ from the rule's own."""
    route: str
    registered_by: str
    created_at: datetime


class Officer(Body):
    """An officer aboard, with the number of the enforcement certificate."""

    name: Words
    certificate: Words


class Calibration(Body):
    """The calibration of the day."""

    calibrated_at: PastInstant
    instrument: Words
    gas: Words
    is_passed: bool


class RegisterRun(Body):
    """Register a run: two officers with certificates at least, the instrument calibrated on the day of the run."""

    run_id: Words
    run_on: date
    vehicle: Words
    officers: list[Officer] = Said(max_length=20)
    calibration: Calibration
    thresholds: dict[Words, Threshold] = Said(default_factory=dict, max_length=20)
    route: LongWords


def _in_this_age(value: datetime) -> datetime:
    if not EARLIEST_YEAR <= value.year < LATEST_YEAR:
        raise ValueError(f"应在 {EARLIEST_YEAR} 至 {LATEST_YEAR} 年间 / between {EARLIEST_YEAR} and {LATEST_YEAR}")
    return value


LATEST_YEAR = 2200
Moment = Annotated[datetime, AfterValidator(_in_this_age)]
"""A time that stays one in every zone."""


class Point(Body):
    """One reading; a time without zone is local. Wind comes from `wind_dir`, degrees from north."""

    ts: Moment
    lat: Annotated[float, Said(ge=-90, le=90)] | None = None
    lon: Annotated[float, Said(ge=-180, le=180)] | None = None
    tvoc_ppb: Annotated[float, Said(ge=0, le=1e9)] | None = None
    wind_dir: Annotated[float, Said(ge=0, le=360)] | None = None
    wind_ms: Annotated[float, Said(ge=0, le=100)] | None = None
    flag: Annotated[str, Said(max_length=20, pattern=r"^[^\x00]*$")] = "N"
    poi: Annotated[str, Said(max_length=200, pattern=r"^[^\x00]*$")] | None = None


class PointVerdict(BaseModel):
    """What became of one line (from 1), and why not."""

    line: int
    verdict: Literal["taken", "refused"]
    reasons: list[dict[str, str]] = []


class PointsView(BaseModel):
    """What became of a batch of points; every refused line is named."""

    lines: int
    stored: int
    duplicates: int
    refused: int
    verdicts: list[PointVerdict]


class RunView(BaseModel):
    """A run as it is listed."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    owner: str
    run_id: str
    run_on: date
    vehicle: str
    officers: list[dict[str, Any]]
    calibration: dict[str, Any]
    thresholds: dict[str, float]
    route: str
    registered_by: str
    created_at: AwareDatetime


class Candidate(BaseModel):
    """An enterprise upwind of a peak, to be looked at: off the wind (°), how far (m), where it lies, and in words."""

    rank: int
    enterprise_id: str
    name: str
    off_degrees: float
    metres: float
    lat: float
    lon: float
    zh: str
    en: str


class Peak(BaseModel):
    """One place where readings peaked, passes within the rule's distance (300 m) merged."""

    number: int
    begin: datetime
    end: datetime
    lat: float | None
    lon: float | None
    peak: float
    background: float
    seconds: float
    passes: int
    wind_dir: float | None
    wind_ms: float | None
    zh: list[str]
    en: list[str]
    candidates: list[Candidate]


class TrackPoint(BaseModel):
    """One point of the track; times are local wall time."""

    ts: datetime
    lat: float
    lon: float
    value: float | None


class RunDetail(RunView):
    """A run with its track (thinned, highest readings kept), its peaks, and the thresholds that held."""

    points: int
    length_km: float
    held: dict[str, float]
    track: list[TrackPoint]
    peaks: list[Peak]
