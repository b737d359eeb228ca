"""Dispatch a task to a squad and take its steps; what the procedure's data cannot say of the line and the clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session

from services.clue_service.access import superiors
from services.clue_service.clues.models import Clue
from services.clue_service.detection.catalogue import directions
from services.clue_service.squads import queries, squads
from services.clue_service.squads.models import SquadTask
from services.clue_service.squads.squads import Squad
from shared.errors import NotVisible, NotYourStep, Text, wrong
from shared.identity import Principal
from shared.matters import commands as matters
from shared.matters.bodies import Open, Take
from shared.matters.commands import Habits
from shared.matters.models import Between
from shared.records import agreed_clocks, deadlines
from shared.records.db import put, table_of, visible
from shared.records.journal import Fact, record
from shared.records.room import room_of
from shared.rules.procedure_entries import Step

T = TypeVar("T", bound=Between)
TERM = "squad_task"
"""The agreed clock of the squad's agency."""
CLOCKED = ("dispatch", "extend", "send_again")
"""Steps that set the moment to reply by."""


def dispatch(session: Session, model: type[T], body: Open, *, by: Principal, now: datetime) -> T:
    """Give a task to a squad of one's own or of an agency below.

    Raises NotYourStep for a squad of anybody else, BodyInvalid for one that is not there, a clue the squad's agency
    has no sight of, or a task about neither a clue nor a data direction.
    """
    squad = squads.of(str(body.stated.get("squad", "")), field="stated.squad")
    _require_above(session, squad, by)
    direction = body.stated.get("data_direction")
    if direction is not None and direction not in directions():
        raise wrong("stated.data_direction", "unknown_direction", "没有该数据方向", "There is no such direction")
    clue = _clue(session, body, squad, by) if body.about else None
    if clue is None and direction is None:
        raise wrong("about", "missing", "请写明所涉线索或者数据方向", "Name a clue or a data direction")
    given: dict[str, Any] = {"parties": {"receiver": [squad.agency]}}
    if clue is not None:
        given |= {"enterprise_id": clue.enterprise_id, "enterprise_name": clue.enterprise_name}
    return matters.open_matter(session, model, body.model_copy(update=given), by=by, now=now, habits=HABITS)


def take(
    session: Session, model: type[T], subject_id: UUID, step_id: str, body: Take, *, by: Principal, now: datetime
) -> T:
    """Take a step of a task."""
    return matters.take(session, model, subject_id, step_id, body, by=by, now=now, habits=HABITS)


def _require_above(session: Session, squad: Squad, by: Principal) -> None:
    """Refuse whoever is neither the squad's agency nor above it. Raises NotYourStep."""
    if by.agency not in superiors(room_of(session).catalogue, squad.agency):
        words = Text(
            "任务只由战队所属单位或者其上级派发",
            "Tasks are dispatched by the squad's own agency or one above it",
        )
        raise NotYourStep(words, squad=squad.id)


def _clue(session: Session, body: Open, squad: Squad, by: Principal) -> Clue:
    """Return the clue a task is about. Raises BodyInvalid unless both sides may see it."""
    kind, _, text = str(body.about).partition(":")
    try:
        found = visible(session, Clue, UUID(text), by=by) if kind == "clue" else None
    except NotVisible:
        found = None
    if found is None:
        raise wrong("about", "not_visible", "没有可供您引用的该线索", "There is no such clue that you may name")
    if not queries.sees(session, found, squad.agency):
        zh, en = "该战队所属单位不能查看此线索", "The squad's agency has no sight of that clue"
        raise wrong("about", "not_theirs", zh, en)
    return found


def _before(
    _session: Session, matter: Between, step: Step, stated: Mapping[str, Any], _by: Principal, _now: datetime
) -> None:
    assert isinstance(matter, SquadTask)
    if step.id == "extend" and matter.reply_by is not None and stated["reply_by"] <= matter.reply_by:
        zh, en = "延长后的期限应晚于原期限", "More time ends later than the time it extends"
        raise wrong("stated.reply_by", "not_later", zh, en)


def _after(
    session: Session, matter: Between, step: Step, stated: Mapping[str, Any], by: Principal, now: datetime
) -> None:
    assert isinstance(matter, SquadTask)
    if step.id == "reply":
        _keep(session, matter, replied_at=now)
    elif step.id == "extend":
        _keep(session, matter, extensions=matter.extensions + 1)
    elif step.id == "send_again":
        _keep(session, matter, replied_at=None, task_result=None)
    if step.id in CLOCKED:
        _wind(session, matter, stated["reply_by"], by=by, now=now)


HABITS = Habits(before=_before, after=_after)


def _wind(session: Session, task: SquadTask, until: datetime, *, by: Principal, now: datetime) -> None:
    """Run the squad's clock to a moment, instead of one that ran before; the journal says both."""
    said = [deadlines.cancel(session, one, at=now) for one in deadlines.open_clocks(session, task, [TERM])]
    said += agreed_clocks.run(session, task, TERM, [task.receiver], until, by=by, now=now)
    record(session, task, Fact("task.clock_set", {"terms": said}), by=by, now=now)


def _keep(session: Session, task: SquadTask, **values: Any) -> None:
    table = table_of(SquadTask)
    session.execute(update(table).where(table.c.id == task.id).values(**values))
    put(task, values)
