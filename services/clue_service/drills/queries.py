"""What is asked of drills: who may see one, what was handed in, and the scores, which are read from the journal."""

import json
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.clue_service.drills.models import Drill, DrillEntry, Part, Place, Scores, ScoreView, WipedDrill
from services.clue_service.squads.squads import all_of_them
from shared.errors import NotVisible, Text
from shared.identity import Principal
from shared.records.journal import Entry, timeline

OPENED, SET_GIVEN, SCORED, CLOSED, WIPED = (
    "drill.opened",
    "drill.set_given",
    "drill.scored",
    "drill.closed",
    "drill.wiped",
)
MOST_ENTRIES = 10_000
MOST_WIPED = 200


def ref(drill_id: UUID) -> str:
    """Return the name of a drill's chain; it has no subject of its own."""
    return f"drill:{drill_id}"


def takes_part(squads: list[str], agency: str) -> bool:
    """Whether one of these squads is an agency's own."""
    known = all_of_them()
    return any(known[one].agency == agency for one in squads if one in known)


def drill(session: Session, drill_id: UUID, *, by: Principal) -> Drill:
    """Return a drill that the principal's agency runs or takes part in. Raises NotVisible."""
    found = session.get(Drill, drill_id, populate_existing=True)
    if found is None or not (by.agency == found.owner or takes_part(found.squads, by.agency)):
        raise _none()
    return found


def drills(session: Session, *, by: Principal) -> list[Drill]:
    """Return the drills one may see, newest first."""
    rows = session.exec(select(Drill).order_by(col(Drill.id).desc()))
    return [one for one in rows if by.agency == one.owner or takes_part(one.squads, by.agency)]


def wiped(session: Session, *, by: Principal) -> list[WipedDrill]:
    """Return the wiped drills one ran or took part in, newest first: of them nothing but the journal is left."""
    is_wipe = (col(Entry.subject).startswith("drill:"), Entry.type == WIPED)
    ended = session.exec(select(Entry).where(*is_wipe).order_by(col(Entry.id).desc()).limit(MOST_WIPED))
    when = {one.subject: one.at for one in ended}
    begun = session.exec(select(Entry).where(Entry.type == OPENED, col(Entry.subject).in_(list(when))))
    opened = {one.subject: _read(one)[1] for one in begun}
    return [
        WipedDrill(
            id=UUID(subject.partition(":")[2]),
            wiped_at=at,
            **{name: opened[subject][name] for name in ("name", "owner", "squads")},
        )
        for subject, at in when.items()
        if by.agency == opened[subject]["owner"] or takes_part(opened[subject]["squads"], by.agency)
    ]


def entries(session: Session, found: Drill, squad: str, part: Part) -> list[DrillEntry]:
    """Return what a squad handed in for a part, first attempt first."""
    statement = select(DrillEntry).where(
        DrillEntry.drill_id == found.id, DrillEntry.squad == squad, DrillEntry.part == part
    )
    return list(session.exec(statement.order_by(col(DrillEntry.attempt))))


def accepted(session: Session, found: Drill, squad: str) -> set[int]:
    """Return the hits a squad accepted when it screened."""
    given = [one.given["verdicts"] for one in entries(session, found, squad, "screening")]
    return {one["hit"] for verdicts in given for one in verdicts if one["verdict"] == "accepted"}


def scores(session: Session, drill_id: UUID, *, by: Principal) -> Scores:
    """Return the scores one may see: one's own squads', all of them for whoever runs the drill or once it is closed.

    They are read from the journal, so that they are the same before and after the drill was wiped. Raises NotVisible.
    """
    lines = [_read(one) for one in timeline(session, ref(drill_id), limit=MOST_ENTRIES)]
    opened = next((data for kind, data in lines if kind == OPENED), None)
    if opened is None or not (by.agency == opened["owner"] or takes_part(opened["squads"], by.agency)):
        raise _none()
    kinds = {kind for kind, _ in lines}
    ranking: list[Any] = next((data["ranking"] for kind, data in lines if kind == CLOSED), [])
    given = [ScoreView.model_validate(data) for kind, data in lines if kind == SCORED]
    sees_all = by.agency == opened["owner"] or bool(ranking)
    return Scores(
        id=drill_id,
        name=opened["name"],
        state="wiped" if WIPED in kinds else "closed" if CLOSED in kinds else "running",
        scores=[one for one in given if sees_all or takes_part([one.squad], by.agency)],
        ranking=[Place.model_validate(one) for one in ranking],
    )


def _read(entry: Entry) -> tuple[str, dict[str, Any]]:
    return entry.type, json.loads(entry.body)["data"]


def _none() -> NotVisible:
    return NotVisible(Text("没有可供您查看的该演练", "There is no such drill that you may see"))
