"""What is asked of squads and their tasks."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlmodel import Session

from services.clue_service.access import scope
from services.clue_service.clues.models import Clue
from services.clue_service.squads.models import Board, BoardRow, SquadTask
from services.clue_service.squads.squads import Squad, all_of_them
from shared.errors import NotVisible, Text
from shared.identity import Principal
from shared.records.db import Party, table_of
from shared.records.room import room_of

OPEN = ("dispatched", "accepted")


def mine(session: Session, *, by: Principal) -> list[Squad]:
    """Return the squads of one's own agency and those under it. Raises NotVisible for whoever has none."""
    agencies = scope(room_of(session).catalogue, by)
    found = [one for one in all_of_them().values() if one.agency in agencies]
    if not found:
        raise NotVisible(Text("没有可供您查看的战队", "There are no squads that you may see"))
    return found


def sees(session: Session, clue: Clue, agency: str) -> bool:
    """Whether an agency may see a clue."""
    party = table_of(Party).c
    rows = select(party.agency).where(party.kind == clue.kind, party.subject_id == clue.id, party.agency == agency)
    return session.scalar(rows.limit(1)) is not None


def board(session: Session, *, by: Principal, now: datetime) -> Board:
    """Return how the tasks of each squad stand that one may see: those with most overdue first."""
    squads = mine(session, by=by)
    rows = {one.id: BoardRow(squad=one.id, **one.model_dump(include={"level", "agency", "zh", "en"})) for one in squads}
    for squad, *counts in session.execute(_counts(now)):
        if squad in rows:
            for name, count in zip(COUNTED, counts, strict=True):
                setattr(rows[squad], name, count)
    return Board(rows=sorted(rows.values(), key=lambda row: (-row.overdue, -row.open, row.squad)))


COUNTED = ("tasks", "open", "overdue", "answered", "in_time", "late", "returned", "withdrawn", "extended")


def _counts(now: datetime) -> Select[Any]:
    task = table_of(SquadTask).c
    open_now, answered = task.state.in_(OPEN), task.replied_at.is_not(None)
    conditions = (
        open_now,
        open_now & (task.reply_by < now),
        answered,
        answered & (task.replied_at <= task.reply_by),
        answered & (task.replied_at > task.reply_by),
        task.state == "returned",
        task.state == "withdrawn",
        task.extensions > 0,
    )
    return select(task.squad, func.count(), *(_sum(one) for one in conditions)).group_by(task.squad)


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
