"""Drills stand apart: nothing of one ever becomes real, everything is marked, and a wipe leaves the scores alone."""

import ast
from pathlib import Path

import pytest
from sqlmodel import func, select

from scripts.rooms import open_room
from services.clue_service import drills
from services.clue_service.detection.models import DetectionRun
from services.clue_service.drills import sets
from services.clue_service.drills.models import Drill, DrillEntry
from shared.records.db import Party
from shared.records.deadlines import Deadline
from shared.records.deliveries import Delivery
from shared.records.items import Item
from shared.records.journal import Entry
from shared.web.assembly import verify_all
from tests.desk import Desk, officer
from tests.journeys import OFFICER, receive_clue
from tests.service.clue.drilling import (
    CENTRE,
    MARK,
    NEIGHBOUR,
    OTHER,
    OUTSIDE,
    TEAM,
    modelled,
    path,
    played,
    running,
)

POLICE = officer("psb-320500", "liaison")


class TestRanking:
    def test_the_mean_of_three_parts_ranks_and_what_is_missing_is_nought(self, desk, archive):
        drill = played(desk, archive)
        given = {(one["squad"], one["part"]): one["score"] for one in desk.get(CENTRE, path(drill, "scores"))["scores"]}
        closed = desk.post(CENTRE, path(drill, "close"))
        first, second = closed["ranking"]
        assert (first["rank"], first["squad"], second["rank"], second["squad"]) == (1, TEAM, 2, NEIGHBOUR)
        mine = [given[TEAM, part] for part in ("model", "screening", "verification")]
        assert first["total"] == pytest.approx(sum(mine) / 3, abs=0.06)
        assert second["total"] == pytest.approx(given[NEIGHBOUR, "model"] / 3, abs=0.06)
        assert modelled(desk, drill, rules=["R14"], expect=409)["code"] == "step-refused"


def counted(desk: Desk) -> dict[str, int]:
    """Rows of everything real, in every room."""
    found: dict[str, int] = {}
    for name, room in desk.rooms.items():
        with room.reading() as session:
            tables = [Party, Deadline, Delivery, Item, *room.subjects.values()]
            for table in [*tables, *([DetectionRun] if name == "clue" else [])]:
                found[f"{name}.{table.__tablename__}"] = session.exec(select(func.count()).select_from(table)).one()
            chains = session.exec(select(Entry.subject)).all()
            found[f"{name}.entries"] = sum(not one.startswith("drill:") for one in chains)
            if name != "clue":
                found[f"{name}.drill"] = sum(one.startswith("drill:") for one in chains)
    return found


def figures(desk: Desk) -> list[object]:
    """What boards and figures say."""
    month = {"from": "2026-01-01", "to": "2026-12-31"}
    pages = [desk.get(CENTRE, "/v1/clue-figures", params=month | {"by": by}) for by in ("rule", "city", "source")]
    pages.append(desk.get(CENTRE, "/v1/clue-figures/visits", params=month))
    pages += [desk.get(OFFICER, place) for place in ("/v1/clues", "/v1/deadlines", "/v1/statistics")]
    pages += [desk.get(OFFICER, place) for place in ("/v1/squad-tasks/board", "/v1/statistics/timeliness")]
    return pages


def files(desk: Desk) -> set[str]:
    """Every file of the installation but databases and the drills' own."""
    root = desk.rooms["clue"].settings.folder
    every = (one.relative_to(root) for one in root.rglob("*") if one.is_file())
    return {str(one) for one in every if one.parts[0] != "drills" and ".db" not in one.name}


class TestNothingIsReal:
    def test_no_clue_no_figure_no_other_room_and_no_file(self, desk, archive):
        receive_clue(desk)
        desk.drain()
        before, said, lying, told = counted(desk), figures(desk), files(desk), list(desk.to_gateway)
        drill = played(desk, archive)
        desk.post(CENTRE, path(drill, "close"))
        desk.sweep()
        desk.drain()
        assert counted(desk) == before
        assert figures(desk) == said
        assert (files(desk), desk.to_gateway) == (lying, told)
        journey = desk.get(CENTRE, f"/v1/journeys/{drill['id']}", room="clue")
        assert journey["entries"] == []

    def test_its_code_knows_nothing_of_clues_series_or_deliveries(self):
        allowed = {
            "services.clue_service.detection.catalogue",
            "services.clue_service.detection.engine",
            "services.clue_service.detection.functions",
            "services.clue_service.detection.hits",
            "services.clue_service.intake.tables",
            "services.clue_service.intake.import_routes",
        }
        for module in Path(drills.__file__).parent.glob("*.py"):
            for node in ast.walk(ast.parse(module.read_text())):
                name = node.module or "" if isinstance(node, ast.ImportFrom) else ""
                foreign = name.startswith("services.") and not name.startswith(
                    ("services.clue_service.drills", "services.clue_service.squads", "services.clue_service.access")
                )
                assert not foreign or name in allowed, f"{module.name}: {name}"
                assert name not in ("shared.records.deliveries", "shared.records.perform", "shared.records.evidence")

    def test_everything_it_shows_is_marked(self, desk, archive):
        drill = played(desk, archive)
        shown = [desk.get(CENTRE, path(drill, *more)) for more in ((), ("hits",), ("scores",))]
        shown += [desk.get(CENTRE, "/v1/drills"), desk.post(CENTRE, path(drill, "close"))]
        shown += [one for page in shown for name in ("items", "scores") for one in page.get(name, ())]
        assert len(shown) > 20
        assert {one["mark"] for one in shown} == {MARK}
        with desk.rooms["clue"].reading() as session:
            bodies = session.exec(select(Entry.body).where(Entry.subject == f"drill:{drill['id']}")).all()
        assert len(bodies) == 7
        assert all(MARK in one for one in bodies)


class TestWiping:
    def test_only_the_journalled_scores_stay(self, desk, archive):
        drill = played(desk, archive)
        closed = desk.post(CENTRE, path(drill, "close"))
        folder = sets.folder_of(desk.rooms["clue"], drill["id"])
        assert folder.exists()
        wiped = desk.post(CENTRE, path(drill, "wipe"))
        assert wiped == closed | {"state": "wiped"}
        assert desk.get(OTHER, path(drill, "scores")) == wiped
        assert not folder.exists()
        with desk.rooms["clue"].reading() as session:
            for table in (Drill, DrillEntry):
                assert session.exec(select(func.count()).select_from(table)).one() == 0
        assert desk.get(CENTRE, "/v1/drills")["items"] == []
        told = [{name: drill[name] for name in ("id", "name", "owner", "squads")}]
        for who, expected in ((CENTRE, told), (OTHER, told), (OUTSIDE, []), (POLICE, [])):
            found = desk.get(who, "/v1/drills/wiped")
            assert found["mark"] == MARK
            assert [{name: one[name] for name in told[0]} for one in found["items"]] == expected
        assert desk.call(None, "GET", "/v1/drills/wiped").status_code == 401
        for more in ((), ("hits",), ("tables", "weather")):
            assert desk.call(OFFICER, "GET", path(drill, *more)).status_code == 404
        assert desk.call(OUTSIDE, "GET", path(drill, "scores")).status_code == 404
        assert desk.call(CENTRE, "POST", path(drill, "wipe")).status_code == 404
        count, broken = verify_all(open_room("clue", desk.rooms["clue"].settings))
        assert (count >= 8, broken) == (True, [])

    def test_a_drill_that_is_not_closed_is_not_wiped(self, desk, archive):
        drill = running(desk, archive)
        assert desk.get(CENTRE, "/v1/drills/wiped")["items"] == []
        assert desk.call(CENTRE, "POST", path(drill, "wipe")).status_code == 409
        assert desk.get(OFFICER, path(drill, "hits"))["items"]

    def test_a_wipe_that_was_cut_off_after_the_folder_is_finished(self, desk, archive):
        drill = running(desk, archive)
        desk.post(CENTRE, path(drill, "close"))
        sets.remove(desk.rooms["clue"], drill["id"])
        assert desk.post(CENTRE, path(drill, "wipe"))["state"] == "wiped"
