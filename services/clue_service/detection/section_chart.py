"""The hydrograph of a section with the loads upstream, moved by their travel time."""

import polars as pl

from services.clue_service.detection.drawing import BLUE, GREEN, GREY, RED, Drawing, seconds, time_labels, top_of

COLOURS = (RED, GREEN, GREY, "#7b4fa3")


def chart(rows: pl.DataFrame, title: str) -> str:
    """The section's readings, the hit as a band, and up to four loads, each as share of its highest."""
    readings = rows.filter(pl.col("kind") == "section").sort("ts")
    hit = readings.filter("hit")["ts"]
    times = readings["ts"].to_list()
    top = top_of(readings["value"].to_list())
    span = (seconds(times[0]), max(seconds(times[-1]), seconds(times[0]) + 1))
    days = [moment for moment in times if moment.hour == 0] or times
    drawing = Drawing(f"{title} {readings['pollutant'][0]}", span, (0.0, top), "mg/L", time_labels(days, "%m-%d"))
    drawing.band(seconds(hit[0]), seconds(hit[-1]), "命中时段")
    xs = [seconds(moment) for moment in times]
    drawing.line(xs, readings["value"].to_list(), BLUE, "断面")
    drawing.line(xs, readings["base_value"].to_list(), BLUE, "前 15 日中位数", dashed=True)
    loads = rows.filter(pl.col("kind") == "source")
    ranked = (
        loads.group_by("base_source")
        .agg(pl.col("base_z").max())
        .sort("base_z", "base_source", descending=[True, False], nulls_last=True)
    )
    for name, colour in zip(ranked["base_source"].head(len(COLOURS)).to_list(), COLOURS, strict=False):
        own = loads.filter(pl.col("base_source") == name).sort("ts")
        most = top_of(own["value"].to_list())
        ys = [None if value is None else value / most * top for value in own["value"].to_list()]
        travel = f"{own['base_travel'][0]:g}"
        drawing.line(
            [seconds(moment) for moment in own["ts"].to_list()], ys, colour, f"{name} 负荷（后移 {travel} 小时）"
        )
    return drawing.svg()
