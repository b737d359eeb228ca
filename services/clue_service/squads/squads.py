"""The squads as data: the joint centre, the province's squad, those of the cities, the teams of the counties."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.errors import BodyInvalid, Text

SQUAD_ID = r"^squad-[0-9]{6}(-[a-z]+)?$"
Level = Literal["centre", "province", "city", "county"]


class Squad(BaseModel):
    """A squad: its level, division, the environment authority it belongs to, and the squad above it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=SQUAD_ID)
    level: Level
    division: str = Field(pattern=r"^[0-9]{6}$")
    agency: str
    superior: str | None = None
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class _Squads(BaseModel):
    model_config = ConfigDict(extra="forbid")

    squads: list[Squad]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [one.id for one in self.squads]
        if len(names) != len(set(names)):
            raise ValueError("a squad stands twice")
        if lost := {one.superior for one in self.squads if one.superior} - set(names):
            raise ValueError(f"unknown superior {min(lost)}")
        return self


def load(path: Path) -> Mapping[str, Squad]:
    """Return the squads of a file by id. Raises ValidationError naming what is wrong."""
    read = _Squads.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    return {one.id: one for one in read.squads}


@cache
def all_of_them() -> Mapping[str, Squad]:
    """Return the squads of squads.yaml beside this file."""
    return load(Path(__file__).parent / "squads.yaml")


def of(squad_id: str, *, field: str = "squad") -> Squad:
    """Return a squad. Raises BodyInvalid for one that is not there."""
    found = all_of_them().get(squad_id)
    if found is None:
        words = Text(f"没有战队 {squad_id}", f"There is no squad {squad_id}")
        raise BodyInvalid(words, errors=[{"field": field, "code": "unknown_squad", "message": words}])
    return found
