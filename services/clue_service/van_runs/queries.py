"""Reads of van runs: the list, one with its track and peaks, the drawing."""

from itertools import pairwise
from uuid import UUID

import polars as pl
from sqlmodel import Session, col, select

from services.clue_service.access import scope
from services.clue_service.detection import plume
from services.clue_service.detection.drawing import BLUE, GREY, RED, Drawing
from services.clue_service.detection.places import apart_km, is_placed
from services.clue_service.intake.kept_tables import kept_tables
from services.clue_service.intake.tables import schema
from services.clue_service.van_runs import peaks
from services.clue_service.van_runs.models import Peak, RunDetail, RunView, TrackPoint, VanRun
from shared.errors import NotVisible, Text
from shared.identity import Principal
from shared.records.room import Room, room_of

MOST_TRACK = 2000
MOST_DRAWN = 4000
MOST_LISTED = 200


def run(session: Session, run_id: UUID, *, seen_by: Principal) -> VanRun:
    """Return a run of one's own bureau or one under it. Raises NotVisible."""
    found = session.get(VanRun, run_id)
    if found is None or found.owner not in scope(room_of(session).catalogue, seen_by):
        raise NotVisible(Text("没有可供您查看的走航任务", "There is no such run that you may see"))
    return found


def own(session: Session, run_id: UUID, *, by: Principal) -> VanRun:
    """Return a run of one's own bureau. Raises NotVisible."""
    found = run(session, run_id, seen_by=by)
    if found.owner != by.agency:
        raise NotVisible(Text("没有可供您登记数据的走航任务", "There is no such run of your bureau"))
    return found


def listed(session: Session, *, by: Principal) -> list[RunView]:
    """Return the newest runs one may see."""
    owners = scope(room_of(session).catalogue, by)
    statement = select(VanRun).where(col(VanRun.owner).in_(owners)).order_by(col(VanRun.id).desc())
    return [RunView.model_validate(one) for one in session.exec(statement.limit(MOST_LISTED))]


def detail(room: Room, found: VanRun) -> RunDetail:
    """Return a run with its track and peaks."""
    points = _points(room, found)
    placed = points.filter(is_placed("lat", "lon"))
    drawn = _thinned(placed, MOST_TRACK).select("ts", "lat", "lon", value="tvoc_ppb")
    return RunDetail(
        **RunView.model_validate(found).model_dump(),
        points=points.height,
        length_km=round(_length(placed), 3),
        held=peaks.held(found.thresholds),
        track=[TrackPoint(**row) for row in drawn.iter_rows(named=True)],
        peaks=_peaks(room, found, points),
    )


def drawing(room: Room, found: VanRun) -> str:
    """Return the track as SVG: peaks in red with their numbers, the rest in blue."""
    points = _points(room, found)
    shown = _thinned(points.filter(is_placed("lat", "lon")), MOST_DRAWN)
    title = f"走航 {found.run_id}（{found.run_on}，{found.vehicle}）"
    if shown.is_empty():
        return Drawing(title, (0.0, 1.0), (0.0, 1.0), "无定位").svg()
    marked = _peaks(room, found, points)
    chart, half = plume.ground(title, shown["lon"].to_list(), shown["lat"].to_list())
    inside = shown.with_columns(
        _in=pl.any_horizontal(pl.lit(False), *(pl.col("ts").is_between(one.begin, one.end) for one in marked))
    )["_in"]
    colours = [RED if is_in else BLUE for is_in in inside]
    chart.points(shown["lon"].to_list(), shown["lat"].to_list(), colours)
    chart.named("高值", RED)
    chart.named("其他", BLUE)
    for one in marked:
        if one.lat is not None and one.lon is not None:
            chart.words(one.lon, one.lat + 0.1 * half, f"{one.number}：{one.peak:.0f} ppb", GREY)
    return chart.svg()


def _points(room: Room, found: VanRun) -> pl.DataFrame:
    kept = kept_tables(room).read("van_points", (found.owner,))
    if kept is None:
        return pl.DataFrame(schema=schema("van_points"))
    return kept.filter(pl.col("run_id") == found.run_id).unique(["ts"], keep="first", maintain_order=True).sort("ts")


def _peaks(room: Room, found: VanRun, points: pl.DataFrame) -> list[Peak]:
    sites = kept_tables(room).read("enterprise_sites", (found.owner,))
    if sites is None:
        sites = pl.DataFrame(schema=schema("enterprise_sites"))
    return peaks.found(points, sites, found.thresholds)


def _thinned(points: pl.DataFrame, most: int) -> pl.DataFrame:
    """Of each stretch of points the highest, so that no peak is lost."""
    step = -(-points.height // most)
    if step <= 1:
        return points
    parts = points.with_row_index("_row").with_columns(_part=pl.col("_row") // step)
    highest = parts.sort("tvoc_ppb", descending=True, nulls_last=True, maintain_order=True)
    return highest.unique("_part", keep="first", maintain_order=True).sort("ts").drop("_row", "_part")


def _length(placed: pl.DataFrame) -> float:
    places = list(zip(placed["lat"], placed["lon"], strict=True))
    return sum(apart_km(one, other) for one, other in pairwise(places))
