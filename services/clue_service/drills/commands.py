"""Open a drill, take what squads hand in, publish the ranking, and wipe everything but the journalled scores."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, select

from services.clue_service.access import superiors
from services.clue_service.drills import queries
from services.clue_service.drills.models import (
    ATTEMPTS,
    MARK,
    PARTS,
    Drill,
    DrillEntry,
    NewDrill,
    Part,
    Place,
    ScoreView,
)
from services.clue_service.drills.scoring import Score
from services.clue_service.squads import squads
from services.clue_service.squads.squads import all_of_them
from shared.clock import new_id
from shared.errors import AlreadyDecided, NotYourStep, StepRefused, Text, wrong
from shared.identity import Principal
from shared.records import journal
from shared.records.db import one_at_a_time, put, table_of, write
from shared.records.journal import Fact
from shared.records.room import room_of

RUNNERS = frozenset({"clue_officer", "duty_officer", "agency_head"})
TAKERS = frozenset({"clue_officer", "case_officer", "duty_officer"})


def open_drill(session: Session, body: NewDrill, *, by: Principal, now: datetime) -> Drill:
    """Prepare a drill of squads of one's own or of agencies below. Raises NotYourStep, BodyInvalid."""
    centres = {one.agency for one in all_of_them().values() if one.level == "centre"}
    if by.agency not in centres or not by.roles & RUNNERS:
        raise NotYourStep(Text("演练由联勤中心组织", "Drills are run by the joint operations centre"))
    if not now < body.ends_at or not body.begins_at < body.ends_at:
        raise wrong("ends_at", "out_of_order", "演练时段应先始后终且未结束", "A drill ends after it begins, and ahead")
    catalogue = room_of(session).catalogue
    for name in body.squads:
        if by.agency not in superiors(catalogue, squads.of(name, field="squads").agency):
            raise NotYourStep(Text("只能组织所属战队演练", "Only squads under you are drilled"), squad=name)
    row = Drill(
        id=new_id(now),
        owner=by.agency,
        created_at=now,
        **body.model_dump(exclude={"squads"}),
        squads=sorted(set(body.squads)),
    )
    write(session, Drill, [row.model_dump()])
    said = {"name": row.name, "owner": row.owner, "squads": row.squads}
    _journal(session, row.id, queries.OPENED, said, by=by, now=now)
    return row


def may_run(session: Session, drill_id: UUID, *, by: Principal) -> Drill:
    """Return a drill of one's own. Raises NotVisible, NotYourStep."""
    found = queries.drill(session, drill_id, by=by)
    if by.agency != found.owner or not by.roles & RUNNERS:
        raise NotYourStep(Text("由组织演练的单位办理", "Whoever runs the drill does this"))
    return found


def give_set(session: Session, drill_id: UUID, given: Mapping[str, Any], *, by: Principal, now: datetime) -> Drill:
    """Give a drill its set, once: digest, rows of each table, numbers of labels and hits."""
    found = may_run(session, drill_id, by=by)
    require_state(found, "prepared")
    _change(session, found, state="open", **given)
    _journal(session, found.id, queries.SET_GIVEN, {"set_sha256": found.set_sha256}, by=by, now=now)
    return found


def may_hand_in(session: Session, drill_id: UUID, squad: str, part: Part, *, by: Principal, now: datetime) -> Drill:
    """Return the drill a squad may hand something in for, now.

    Raises NotVisible, NotYourStep for another agency's squad, StepRefused out of the span, AlreadyDecided when the
    part was handed in as often as it can be.
    """
    found = queries.drill(session, drill_id, by=by)
    known = squads.of(squad)
    if squad not in found.squads or known.agency != by.agency or not by.roles & TAKERS:
        raise NotYourStep(Text("只有参演战队本身可以提交", "Only a squad that takes part hands in its own work"))
    require_state(found, "open")
    if not found.begins_at <= now <= found.ends_at:
        words = Text("不在演练时段内", "That is not within the span of the drill")
        raise StepRefused(words, begins_at=found.begins_at.isoformat(), ends_at=found.ends_at.isoformat())
    if len(queries.entries(session, found, squad, part)) >= ATTEMPTS[part]:
        raise AlreadyDecided(Text("该部分的提交次数已用完", "That part was handed in as often as it can be"))
    return found


def hand_in(
    session: Session, drill_id: UUID, view: ScoreView, given: Mapping[str, Any], *, by: Principal, now: datetime
) -> ScoreView:
    """Keep what was handed in, with its score; the journal keeps the score alone."""
    one_at_a_time(session, f"drill/{drill_id}/{view.squad}/{view.part}")
    found = may_hand_in(session, drill_id, view.squad, view.part, by=by, now=now)
    view = view.model_copy(update={"attempt": len(queries.entries(session, found, view.squad, view.part)) + 1})
    row = DrillEntry(
        id=new_id(now),
        drill_id=found.id,
        given=dict(given),
        at=now,
        **view.model_dump(include={"squad", "part", "attempt", "score"}),
    )
    write(session, DrillEntry, [row.model_dump()])
    _journal(session, found.id, queries.SCORED, view.model_dump(mode="json"), by=by, now=now)
    return view


def viewed(squad: str, part: Part, score: Score) -> ScoreView:
    """Return a score as it is shown and journalled."""
    return ScoreView(
        squad=squad,
        part=part,
        attempt=0,
        score=score.score,
        numbers=dict(score.numbers),
        reasons=list(score.reasons),
    )


def close(session: Session, drill_id: UUID, *, by: Principal, now: datetime) -> Drill:
    """Close a drill and publish its ranking in the journal."""
    found = may_run(session, drill_id, by=by)
    require_state(found, "open")
    _change(session, found, state="closed")
    ranking = [place.model_dump(mode="json") for place in _ranking(session, found)]
    _journal(session, found.id, queries.CLOSED, {"ranking": ranking}, by=by, now=now)
    return found


def _ranking(session: Session, found: Drill) -> list[Place]:
    """Rank by the mean of the three parts; of several attempts the best counts, a part not handed in is nought."""
    rows = session.exec(select(DrillEntry).where(DrillEntry.drill_id == found.id))
    best: dict[str, dict[str, float]] = {squad: dict.fromkeys(PARTS, 0.0) for squad in found.squads}
    for row in rows:
        best[row.squad][row.part] = max(best[row.squad][row.part], row.score)
    totals = {squad: round(sum(parts.values()) / len(PARTS), 1) for squad, parts in best.items()}
    return [
        Place(
            rank=1 + sum(other > total for other in totals.values()),
            squad=squad,
            total=total,
            parts=best[squad],
            **squads.of(squad).model_dump(include={"zh", "en"}),
        )
        for squad, total in sorted(totals.items(), key=lambda one: (-one[1], one[0]))
    ]


def wipe(session: Session, drill_id: UUID, *, by: Principal, now: datetime) -> None:
    """Delete every row of a closed drill; its scores stay in the journal (docs/decisions/0031)."""
    found = may_run(session, drill_id, by=by)
    require_state(found, "closed")
    for table, column in ((table_of(DrillEntry), "drill_id"), (table_of(Drill), "id")):
        session.execute(delete(table).where(table.c[column] == found.id))
    _journal(session, drill_id, queries.WIPED, {}, by=by, now=now)


def require_state(found: Drill, state: str) -> None:
    """Refuse a drill that stands elsewhere. Raises StepRefused."""
    if found.state != state:
        words = Text(f"演练现为 {found.state}，不能办理", f"The drill is {found.state}: that cannot be done now")
        raise StepRefused(words, state=found.state)


def _journal(
    session: Session, drill_id: UUID, kind: str, data: Mapping[str, Any], *, by: Principal, now: datetime
) -> None:
    fact = Fact(kind, {"mark": MARK, **data})
    journal.chain(session, queries.ref(drill_id), fact, journey_id=drill_id, by=by, now=now)


def _change(session: Session, found: Drill, **values: Any) -> None:
    table = table_of(Drill)
    session.execute(update(table).where(table.c.id == found.id).values(**values))
    put(found, values)
