"""R23, mobile-van peak (走航高值溯源): readings far above the background around them, and what lies upwind."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.drawing import BLUE, GREY, RED, Drawing
from services.clue_service.detection.ledger import holds_one_of, taken
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.places import apart_km, bearing, distance_km, is_placed, turned

BACKGROUND, AROUND = "10m", timedelta(minutes=10)
FULL_RATIO = 30.0
MOVED_KM = 0.01  # a way shorter than this has no direction
MOST_SOURCES = 5
AMBER = "#c77700"


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Every point of the runs that peak, with its background, known sources, and what lies upwind of a peak."""
    points = taken(tables, "van_points").drop_nulls(["run_id", "ts"])
    points = points.unique(["run_id", "ts"], keep="first", maintain_order=True).sort("run_id", "ts")
    missing = lacking(points, ("tvoc_ppb",))
    is_valid = pl.col("flag").str.to_uppercase() == "N"
    points = points.with_columns(
        _valid=pl.when(is_valid).then("tvoc_ppb"),
        base_excluded=holds_one_of("poi", rule.words["known_sources"]).fill_null(False),
    )
    # A background of valid points only: a calibration gas within the window would lift it.
    around = points.rolling("ts", period=BACKGROUND, offset="-5m", closed="both", group_by="run_id")
    background = around.agg(base_background=pl.col("_valid").median())
    rows = points.drop("_valid").join(background, on=["run_id", "ts"], how="left", maintain_order="left")
    steps = rows.group_by("run_id").agg(base_step=pl.col("ts").diff().dt.total_seconds().cast(pl.Float64).median())
    rows = rows.join(steps, on="run_id", how="left", maintain_order="left")
    peaking = rows.filter(_is_peak(values))["run_id"].unique().implode()
    rows = rows.filter(pl.col("run_id").is_in(peaking))
    return Measured(rows.with_columns(_sources(rows, taken(tables, "enterprise_sites"), values)), missing)


def _is_peak(values: Values) -> pl.Expr:
    value, background = pl.col("tvoc_ppb"), pl.col("base_background")
    return (
        (value - background >= values["rise"])
        & (value >= values["factor"] * background)
        & (pl.col("flag").str.to_uppercase() == "N")
        & ~pl.col("base_excluded")
    ).fill_null(False)


def _sources(rows: pl.DataFrame, sites: pl.DataFrame, values: Values) -> pl.Series:
    """For the highest point of each peak the enterprises upwind: name, degrees off the wind, metres; nearest first."""
    found: list[str | None] = [None] * rows.height
    sites = sites.filter(is_placed("lat", "lon") & pl.col("enterprise_id").is_not_null())
    if not sites.is_empty():
        for run in rows.with_row_index("_row").partition_by("run_id", maintain_order=True):
            for peak in _peaks(run.with_columns(_peak=_is_peak(values)), values):
                told = ";".join(_told(source) for source in upwind(peak.top, sites, values))
                found[peak.top["_row"]] = told or None
    return pl.Series("base_sources", found, dtype=pl.String)


@dataclass(frozen=True, slots=True)
class Source:
    """An enterprise upwind of a point: degrees off the wind, metres away, and where it lies."""

    enterprise_id: str
    name: str
    degrees: float
    metres: float
    lat: float
    lon: float


def upwind(point: Mapping[str, Any], sites: pl.DataFrame, values: Values) -> list[Source]:
    """The enterprises upwind of a point, by how near they lie to the wind and to the point; none in calm air."""
    place = _place(point)
    if place is None or point["wind_dir"] is None or (point["wind_ms"] or 0.0) < values["calm"]:
        return []
    placed = sites.filter(is_placed("lat", "lon") & pl.col("enterprise_id").is_not_null())
    near = placed.with_columns(_lat=pl.lit(place[0]), _lon=pl.lit(place[1])).filter(
        distance_km("_lat", "_lon", "lat", "lon") <= values["reach"]
    )
    best: dict[str, tuple[float, str, Source]] = {}
    for site in near.iter_rows(named=True):
        corner = (site["lat"], site["lon"])
        angle, km = turned(bearing(place, corner), point["wind_dir"]), apart_km(place, corner)
        if angle > values["sector"]:
            continue
        source = Source(site["enterprise_id"], site["name"] or site["enterprise_id"], angle, 1000 * km, *corner)
        told = (angle / values["sector"] + km / values["reach"], _told(source), source)
        best[source.enterprise_id] = min(best.get(source.enterprise_id, told), told, key=lambda one: one[:2])
    return [source for _, _, source in sorted(best.values(), key=lambda one: one[:2])[:MOST_SOURCES]]


def _told(source: Source) -> str:
    """A source as the slice carries it."""
    name = source.name.replace("|", " ").replace(";", " ")
    return f"{name}|{source.degrees:.0f}|{source.metres:.0f}"


def _place(point: Mapping[str, Any]) -> tuple[float, float] | None:
    return None if point["lat"] is None or point["lon"] is None else (point["lat"], point["lon"])


@dataclass(frozen=True, slots=True)
class _Peak:
    """Consecutive high points of one run; `top` is the highest."""

    first: Mapping[str, Any]
    last: Mapping[str, Any]
    top: Mapping[str, Any]
    count: int

    def seconds(self) -> float:
        span: timedelta = self.last["ts"] - self.first["ts"]
        return span.total_seconds() + float(self.first["base_step"] or 0.0)

    def heading(self) -> float | None:
        begin, end = _place(self.first), _place(self.last)
        return None if not begin or not end or apart_km(begin, end) < MOVED_KM else bearing(begin, end)

    def km_from(self, other: "_Peak") -> float:
        pairs = ((self.top, other.top), (self.first, other.last))
        ways = [apart_km(a, b) for one, two in pairs if (a := _place(one)) and (b := _place(two))]
        return min(ways, default=math.inf)


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """One finding per place of a run where readings peaked (columns of `measure`)."""
    if rows.is_empty():
        return []
    marked = rows.sort("run_id", "ts").with_columns(_peak=_is_peak(values))
    return [
        _finding(group, values)
        for run in marked.partition_by("run_id", maintain_order=True)
        for group in _merged(list(_peaks(run, values)), values["merge"] / 1000)
    ]


def _peaks(run: pl.DataFrame, values: Values) -> Iterator[_Peak]:
    hole = timedelta(seconds=values["hole"])
    stretch: list[Mapping[str, Any]] = []
    previous = -1
    for index in [*run["_peak"].arg_true().to_list(), run.height]:
        point = run.row(index, named=True) if index < run.height else None
        if stretch and (point is None or index != previous + 1 or point["ts"] - stretch[-1]["ts"] > hole):
            top = max(stretch, key=lambda one: one["tvoc_ppb"])
            peak = _Peak(stretch[0], stretch[-1], top, len(stretch))
            if peak.count >= values["points"] and peak.seconds() >= values["seconds"]:
                yield peak
            stretch = []
        if point is not None:
            stretch.append(point)
        previous = index


def _merged(peaks: list[_Peak], km: float) -> list[list[_Peak]]:
    """Peaks of one run by place: each joins the first group that has one near it."""
    groups: list[list[_Peak]] = []
    for peak in peaks:
        group = next((group for group in groups if any(peak.km_from(one) <= km for one in group)), None)
        if group is None:
            groups.append([peak])
        else:
            group.append(peak)
    return groups


def _passed_again(group: list[_Peak], values: Values) -> bool:
    """Whether the van came by a second time soon after, from another direction."""
    for index, one in enumerate(group):
        for other in group[index + 1 :]:
            headings = (one.heading(), other.heading())
            is_soon = other.first["ts"] - one.last["ts"] <= timedelta(minutes=values["again"])
            if is_soon and None not in headings and turned(headings[0], headings[1]) >= values["turned"]:  # type: ignore[arg-type]  # both known
                return True
    return False


def _finding(group: list[_Peak], values: Values) -> Finding:
    highest = max(group, key=lambda peak: peak.top["tvoc_ppb"]).top
    seconds = sum(peak.seconds() for peak in group)
    ratio = highest["tvoc_ppb"] / max(highest["base_background"], 1.0)
    is_again = _passed_again(group, values)
    has_wind = highest["wind_dir"] is not None and (highest["wind_ms"] or 0.0) >= values["calm"]
    zh, en = _reasons(highest, seconds, has_wind)
    if is_again:
        zh.append(f"{values['again']:g} 分钟内从另一方向再次经过仍见高值")
        en.append(f"a second pass from another direction within {values['again']:g} minutes peaked again")
    return Finding(
        entity_id=highest["run_id"],
        pollutant=None,
        from_ts=group[0].first["ts"],
        to_ts=max(peak.last["ts"] for peak in group),
        hours=seconds / 3600,
        strength=math.log(max(ratio, 1.0)) / math.log(FULL_RATIO),
        corroboration=(is_again + has_wind) / 2,
        zh=tuple(zh),
        en=tuple(en),
        statistic={
            "peak_ppb": highest["tvoc_ppb"],
            "background_ppb": highest["base_background"],
            "seconds": seconds,
            "points": float(sum(peak.count for peak in group)),
            "peaks": float(len(group)),
        },
        is_raised=is_again,
    )


def _reasons(point: Mapping[str, Any], seconds: float, has_wind: bool) -> tuple[list[str], list[str]]:
    place = _place(point)
    where_zh = f"在 {place[1]:.5f}°E、{place[0]:.5f}°N " if place else ""
    where_en = f" at {place[1]:.5f}°E {place[0]:.5f}°N" if place else ""
    value, background = point["tvoc_ppb"], point["base_background"]
    zh = [f"{where_zh}TVOC 最高 {value:.0f} ppb，背景 {background:.0f} ppb，高值共 {seconds:.0f} 秒"]
    en = [f"TVOC reached {value:.0f} ppb{where_en} over a background of {background:.0f} ppb, for {seconds:.0f} s"]
    sources = [one.split("|") for one in (point["base_sources"] or "").split(";") if one]
    if not has_wind:
        zh.append("静风或无风向，不作来源推断")
        en.append("calm, or wind unknown: no source is named")
    elif sources:
        zh.append(
            "上风向企业（仅供排查）：" + "、".join(f"{name}（偏 {angle}°，{way} 米）" for name, angle, way in sources)
        )
        en.append(
            "upwind, to be looked at: " + ", ".join(f"{name} ({angle}° off, {way} m)" for name, angle, way in sources)
        )
    else:
        zh.append(f"风向 {point['wind_dir']:.0f}°，风速 {point['wind_ms']:.1f} m/s，来源应在上风向排查")
        en.append(f"wind from {point['wind_dir']:.0f}° at {point['wind_ms']:.1f} m/s: look upwind for the source")
    return zh, en


def cut(rows: pl.DataFrame, finding: Finding) -> pl.DataFrame:
    """The run from ten minutes before to ten after."""
    ts = pl.col("ts")
    own = rows.filter(
        (pl.col("run_id") == finding.entity_id) & ts.is_between(finding.from_ts - AROUND, finding.to_ts + AROUND)
    )
    return own.with_columns(hit=ts.is_between(finding.from_ts, finding.to_ts))


def ground(title: str, lons: Sequence[float], lats: Sequence[float]) -> tuple[Drawing, float]:
    """An empty chart of the ground around positions, and half its height in degrees."""
    half = max((max(lons) - min(lons)) / 2, (max(lats) - min(lats)) / 2, 0.001)
    middle = ((max(lons) + min(lons)) / 2, (max(lats) + min(lats)) / 2)
    drawing = Drawing(
        title,
        (
            middle[0] - 2.6 * half,
            middle[0] + 2.6 * half,
        ),  # about as wide as the chart is, so that the way keeps its shape
        (middle[1] - half, middle[1] + half),
        "纬度 °N；横轴为经度 °E",
        [(middle[0] + part * half, f"{middle[0] + part * half:.4f}") for part in (-2, -1, 0, 1, 2)],
    )
    return drawing, half


def chart(rows: pl.DataFrame, title: str) -> str:
    """The track, coloured by value against the background; the highest point named."""
    track = rows.filter(is_placed("lat", "lon") & pl.col("tvoc_ppb").is_not_null()).sort("ts")
    if track.is_empty():
        return Drawing(title, (0.0, 1.0), (0.0, 1.0), "无定位").svg()
    lons, lats = track["lon"].to_list(), track["lat"].to_list()
    drawing, half = ground(title, lons, lats)
    over = (track["tvoc_ppb"] / track["base_background"].clip(1.0, None)).fill_null(0.0).to_list()
    drawing.points(lons, lats, [RED if one >= 3 else AMBER if one >= 1.5 else BLUE for one in over])
    for name, colour in (("背景水平", BLUE), ("1.5 倍以上", AMBER), ("3 倍以上", RED)):
        drawing.named(name, colour)
    top = track.filter("hit").sort("tvoc_ppb", "ts", descending=[True, False]).row(0, named=True)
    wind = "" if top["wind_dir"] is None else f"，风向 {top['wind_dir']:.0f}°"
    drawing.words(top["lon"], top["lat"] + 0.1 * half, f"{top['tvoc_ppb']:.0f} ppb{wind}", GREY)
    return drawing.svg()


MODEL = Model(
    needs={"van_points": ("run_id", "ts", "tvoc_ppb", "flag")},
    measure=measure,
    judge=judge,
    entity="run_id",
    cut=cut,
    chart=chart,
)
