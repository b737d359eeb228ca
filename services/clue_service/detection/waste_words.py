"""What each failed test of the hazardous-waste books says, in Chinese and English."""

from collections.abc import Mapping
from typing import Any


def book_words(test: str, row: Mapping[str, Any]) -> tuple[str, str]:
    """One sentence per language for a test that failed in a month."""
    return _TESTS[test](row, f"{row['at']:%Y-%m}", row["waste_code"] or "")


def _gap(row: Mapping[str, Any], month: str, code: str) -> tuple[str, str]:
    share = f"{100 * row['_share']:.1f}"
    zh = "少" if row["_missing"] > 0 else "多"
    en = "less" if row["_missing"] > 0 else "more"
    return (
        f"{month} 废物 {code} 期末 {row['close_t']:.3f} 吨，比期初加产生减去向推算的 {row['_expected']:.3f} 吨{zh} "
        f"{abs(row['_missing']):.3f} 吨（{share}%）",
        f"{month}: closing stock of {code} is {row['close_t']:.3f} t, {abs(row['_missing']):.3f} t {en} than the "
        f"{row['_expected']:.3f} t that opening, output and removal give ({share} %)",
    )


def _continuity(row: Mapping[str, Any], month: str, code: str) -> tuple[str, str]:
    return (
        f"{month} 废物 {code} 期初 {row['open_t']:.3f} 吨，与上月期末 {row['base_close_before']:.3f} 吨不符",
        f"{month}: opening stock of {code} is {row['open_t']:.3f} t, the month before closed with "
        f"{row['base_close_before']:.3f} t",
    )


def _manifest(row: Mapping[str, Any], month: str, code: str) -> tuple[str, str]:
    return (
        f"{month} 废物 {code} 台账转移 {row['transferred_t']:.3f} 吨，联单合计 {row['base_manifest_t']:.3f} 吨",
        f"{month}: the book has {row['transferred_t']:.3f} t of {code} transferred, the manifests add up to "
        f"{row['base_manifest_t']:.3f} t",
    )


def _capacity(row: Mapping[str, Any], month: str, code: str) -> tuple[str, str]:
    return (
        f"{month} 废物 {code} 库存 {row['close_t']:.2f} 吨，超过备案贮存能力 {row['capacity_t']:.2f} 吨",
        f"{month}: {row['close_t']:.2f} t of {code} in store, above the filed capacity of {row['capacity_t']:.2f} t",
    )


def _idle(row: Mapping[str, Any], month: str, code: str) -> tuple[str, str]:
    return (
        f"至 {month} 已一年无废物 {code} 转移或处置，其间产生 {row['base_output']:.2f} 吨",
        f"by {month} no {code} had left for a year, while {row['base_output']:.2f} t were produced",
    )


_TESTS = {"gap": _gap, "continuity": _continuity, "manifest": _manifest, "capacity": _capacity, "idle": _idle}


def stored_words(
    worst: Mapping[str, Any], count: int, tonnes: float, limit: float
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What batches kept beyond the term say: the oldest of them, how many, how much."""
    since, days = f"{worst['at']:%Y-%m-%d}", worst["_days"]
    still = worst["out_date"] is None
    zh = (
        f"批次 {worst['batch_id']}（{worst['waste_code'] or ''}）自 {since} 入库，"
        f"{'至今' if still else '至出库'} {days:.0f} 天，超过 {limit:g} 天且无延期批准",
        f"共 {count} 批 {tonnes:.2f} 吨疑似超期贮存",
    )
    en = (
        f"batch {worst['batch_id']} ({worst['waste_code'] or ''}) in store since {since}, {days:.0f} days "
        f"{'so far' if still else 'until it left'}, beyond {limit:g} days and without an extension",
        f"{count} batches of {tonnes:.2f} t seem stored beyond the term",
    )
    return zh, en
