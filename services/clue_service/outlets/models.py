"""Outlets: the tables, the body that registers one, the public view."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator
from pydantic import Field as Said
from sqlmodel import Field, SQLModel

from shared.records.enterprises import EnterpriseId
from shared.records.views import Body, Division, Words

OUTLET_ID = r"^[\w.\-]{1,100}$"
Positive = Annotated[float, Said(gt=0, allow_inf_nan=False)]


class Outlet(SQLModel, table=True):
    """A monitored outlet (排口): whose it is, which device (MN) reports for it, and what the rules must know of it."""

    __tablename__ = "outlets"

    outlet_id: str = Field(primary_key=True)
    mn: str | None = Field(default=None, unique=True)
    enterprise_id: str
    enterprise_name: str
    division: str
    owner: str = Field(index=True)
    """The competent bureau."""
    medium: str
    kind: str
    industry: str = ""
    std_o2: float | None = None
    """Reference oxygen, %."""
    combined_rain: bool = False
    journey_id: UUID
    created_at: datetime
    updated_at: datetime


class OutletLimit(SQLModel, table=True):
    """The emission limit and the instrument's full scale of one pollutant at one outlet, in mg/m³ or mg/L."""

    __tablename__ = "limits"

    outlet_id: str = Field(primary_key=True)
    pollutant: str = Field(primary_key=True)
    limit: float | None = None
    full_scale: float | None = None


class LimitBody(Body):
    """One pollutant's limit and full scale, in mg/m³ (gas) or mg/L (water)."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    pollutant: Words
    limit: Positive | None = None
    full_scale: Positive | None = None


class RegisterOutlet(Body):
    """Register an outlet, or replace what is registered, with all its limits."""

    mn: Annotated[str, Said(pattern=r"^[0-9A-Za-z]{1,40}$", description="Device number of HJ 212")] | None = None
    enterprise_id: EnterpriseId
    enterprise_name: Words
    division: Division
    medium: Literal["gas", "water"]
    kind: Literal["cont", "batch"] = "cont"
    industry: Annotated[str, Said(max_length=200, pattern=r"^[^\x00]*$")] = ""
    std_o2: Annotated[float, Said(ge=0, lt=21)] | None = None
    combined_rain: bool = False
    limits: list[LimitBody] = Said(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        names = [one.pollutant for one in self.limits]
        if len(names) != len(set(names)):
            raise ValueError("同一污染物只能有一条限值 / one limit for each pollutant")
        self.limits.sort(key=lambda one: one.pollutant)
        return self


class OutletView(BaseModel):
    """An outlet as it is shown."""

    model_config = ConfigDict(from_attributes=True)

    outlet_id: str
    mn: str | None
    enterprise_id: str
    enterprise_name: str
    division: str
    owner: str
    medium: str
    kind: str
    industry: str
    std_o2: float | None
    combined_rain: bool
    limits: list[LimitBody]
    created_at: AwareDatetime
    updated_at: AwareDatetime
