"""What is kept of minute, day and real-time data, and how it is asked for and shown."""

from datetime import MAXYEAR, MINYEAR, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from pydantic import Field as Said
from sqlmodel import Field, Index, SQLModel

from shared.records.views import NO_NUL

Kind = Literal["minute", "day", "real_time"]
MOST = 1440
"""A day of minutes."""


class DeviceReading(SQLModel, table=True):
    """What a device said of one moment: a row a moment, not a value, so that a day of minutes is 1440 rows.

    The key leads with the outlet: one outlet's span is read from one place of the index, and grows at its end.
    """

    __tablename__ = "device_readings"
    __table_args__ = (Index("ix_device_readings_age", "kind", "received_at"),)

    outlet_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    at: datetime = Field(primary_key=True)
    """Start of the minute or day; of real-time data the moment of sampling."""
    received_at: datetime
    """When the latest of it came."""
    factors: str
    """JSON: code -> sub-field -> text as it came."""


class ReplacedReading(SQLModel, table=True):
    """What a device had said of a factor before it said otherwise."""

    __tablename__ = "replaced_readings"
    __table_args__ = (
        Index("ix_replaced_readings_moment", "outlet_id", "kind", "at"),
        Index("ix_replaced_readings_age", "kind", "replaced_at"),
    )

    id: UUID = Field(primary_key=True)
    outlet_id: str
    kind: str
    at: datetime
    code: str
    fields: str
    """JSON: sub-field -> text as it came."""
    replaced_at: datetime


def in_any_zone(moment: datetime) -> datetime:
    """Return a moment that is one in every zone: devices whose clock was reset are read too. Raises ValueError."""
    if not MINYEAR < moment.year < MAXYEAR:
        raise ValueError(
            f"年份应在 {MINYEAR + 1} 至 {MAXYEAR - 1} 之间 / the year is from {MINYEAR + 1} to {MAXYEAR - 1}"
        )
    return moment


class ReadingsQuery(BaseModel):
    """Which data of an outlet are read; a time without zone is local (Asia/Shanghai)."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = Said(description="minute (CN 2051), day (CN 2031) or real_time (CN 2011)")
    pollutant: str | None = Said(
        default=None, max_length=200, pattern=NO_NUL, description="Only this quantity (NOx) or factor code (a21002)"
    )
    begin: Annotated[datetime, AfterValidator(in_any_zone)] | None = Said(
        default=None, alias="from", description="The first moment; 31 days before `to` unless said"
    )
    end: Annotated[datetime, AfterValidator(in_any_zone)] | None = Said(
        default=None, alias="to", description="The moment before which it ends; now unless said"
    )
    limit: int = Said(default=200, ge=1, le=MOST, description="How many moments at most")
    after: str | None = Said(default=None, max_length=200, description="The `next` of the page before")


class ReplacedView(BaseModel):
    """What was said before, as it came, and when other values took its place."""

    sent: dict[str, str]
    replaced_at: AwareDatetime


class FactorView(BaseModel):
    """One factor of a moment.

    `quantity` is the code itself where the code is not known (names and `unit` are then empty). `average`, `minimum`,
    `maximum` and `sampled` (-Avg, -Min, -Max, -Rtd) are in `unit`, the unit on the wire; `total` (-Cou) is the amount
    in the unit the device counts in. A number is null where none came. `sent` holds every sub-field exactly as it came,
    and `replaced` what was sent before, newest last.
    """

    code: str
    quantity: str
    name_zh: str
    name_en: str
    unit: str
    average: float | None
    minimum: float | None
    maximum: float | None
    sampled: float | None
    total: float | None
    flag: str | None
    sent: dict[str, str]
    replaced: list[ReplacedView]


class ReadingView(BaseModel):
    """What a device said of one moment (`at`), and when the latest of it came."""

    at: AwareDatetime
    received_at: AwareDatetime
    factors: list[FactorView]
