"""The chart of R17: how often water flowed, by the time since the last sampling."""

import polars as pl

from services.clue_service.detection.drawing import escape

WIDTH, HEIGHT, EDGE = 960, 320, 48
BLUE, RED, GREY = "#1f5fa8", "#b3261e", "#e3e6ea"
MOST = 72
"""Bars: half a day of 10-minute steps."""


def phases(rows: pl.DataFrame) -> list[tuple[int, float]]:
    """Steps since the last sampling, and the share of these with flow; over the rows of the hit."""
    own = (
        rows.sort("ts")
        .with_row_index("row")
        .with_columns(last=pl.when(pl.col("sampling").fill_null(False)).then("row").forward_fill())
    )
    each = own.filter("hit").drop_nulls("last").group_by((pl.col("row") - pl.col("last")).alias("phase"))
    shares = each.agg(share=(pl.col("flow") > 0).mean()).sort("phase")
    return [(phase, share or 0.0) for phase, share in shares.head(MOST).rows()]


def phase_chart(rows: pl.DataFrame, title: str) -> str:
    """Draw the histogram; the bar of the sampling itself is red. The same rows give the same text."""
    bars = phases(rows)
    step, height = (WIDTH - 2 * EDGE) / max(len(bars), 1), HEIGHT - 2 * EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="Noto Sans SC, SimSun, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{EDGE}" y="20" font-size="14" font-weight="600">{escape(title)}</text>',
        f'<text x="{EDGE}" y="38">排水时间占比，按距上次采样的时间（分钟）；红色为采样时</text>',
    ]
    for line in range(5):
        y = HEIGHT - EDGE - line / 4 * height
        parts.append(f'<line x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GREY}"/>')
        parts.append(f'<text x="{EDGE - 6}" y="{y:.1f}" text-anchor="end">{25 * line}%</text>')
    for place, (phase, share) in enumerate(bars):
        x, tall = EDGE + place * step, max(share * height, 1.0)
        parts.append(
            f'<rect x="{x:.1f}" y="{HEIGHT - EDGE - tall:.1f}" width="{step * 0.8:.1f}" height="{tall:.1f}" '
            f'fill="{BLUE if phase else RED}"/>'
        )
        if place % 6 == 0:
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT - EDGE + 16}">{10 * phase}</text>')
    return "\n".join([*parts, "</svg>"])
