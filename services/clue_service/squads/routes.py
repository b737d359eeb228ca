"""Squads and their tasks over HTTP."""

from fastapi import APIRouter

from services.clue_service.squads import commands, queries
from services.clue_service.squads.models import Board, SquadTask, SquadTaskView, SquadView
from shared.matters.routes import Doors, matter_routes, with_reads
from shared.web.deps import PrincipalDep, ReadDep, RoomDep
from shared.web.paging import Page

DOORS = Doors(open_matter=commands.dispatch, take=commands.take)
tasks = matter_routes(SquadTask, SquadTaskView, prefix="/v1/squad-tasks", doors=DOORS)
squads = APIRouter(prefix="/v1/squads", tags=["squad-tasks"])


@squads.get("")
def list_squads(session: ReadDep, by: PrincipalDep) -> Page[SquadView]:
    """List the squads of your agency and those under it."""
    return Page(items=[SquadView(**one.model_dump()) for one in queries.mine(session, by=by)])


@tasks.get("/board")
def read_board(session: ReadDep, by: PrincipalDep, room: RoomDep) -> Board:
    """Read per squad how many tasks are open, overdue, and were answered in time."""
    return queries.board(session, by=by, now=room.clock())


ROUTERS = (squads, with_reads(tasks, SquadTask, SquadTaskView))
