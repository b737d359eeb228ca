"""Tasks of squads: the table, the views, and the board."""

from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel
from sqlmodel import Field

from shared.matters.models import Between, BetweenView


class SquadTask(Between, table=True):
    """A task given to a squad (战队任务): `about` names its clue, or `data_direction` the direction of its data.

    Whoever gave it owns it; the squad's agency is its receiver and keeps the evidence of its answer.
    """

    __tablename__ = "squad_tasks"
    kind: ClassVar[str] = "task"
    kept_by: ClassVar[frozenset[str]] = frozenset({"owner", "receiver"})

    squad: str = Field(default="", index=True)
    data_direction: str | None = None
    reply_by: datetime | None = None
    replied_at: datetime | None = None
    """When the latest answer came; a task that is sent again has none."""
    extensions: int = 0
    handled_by: str | None = None
    task_result: str | None = None


class SquadTaskView(BetweenView):
    """A task as it is shown."""

    squad: str
    data_direction: str | None
    reply_by: AwareDatetime | None
    replied_at: AwareDatetime | None
    extensions: int
    handled_by: str | None
    task_result: str | None


class SquadView(BaseModel):
    """A squad as it is shown."""

    id: str
    level: str
    division: str
    agency: str
    superior: str | None
    zh: str
    en: str


class BoardRow(BaseModel):
    """How the tasks of one squad stand.

    `open`: dispatched or accepted; `overdue`: open past the moment to reply by; `answered`: with an answer, of which
    `in_time` came by the moment set and `late` after it; `extended`: given more time at least once.
    """

    squad: str
    level: str
    agency: str
    zh: str
    en: str
    tasks: int = 0
    open: int = 0
    overdue: int = 0
    answered: int = 0
    in_time: int = 0
    late: int = 0
    returned: int = 0
    withdrawn: int = 0
    extended: int = 0


class Board(BaseModel):
    """The squads one may see, each with its tasks counted."""

    rows: list[BoardRow]
