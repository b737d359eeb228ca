"""What each failed test of a transfer says, in Chinese and English."""

from collections.abc import Mapping
from typing import Any

from services.clue_service.detection.model import Values


def words_of(test: str, row: Mapping[str, Any], values: Values) -> tuple[str, str]:
    """One sentence per language for a test that failed on a manifest."""
    return _TESTS[test](row, values)


def _weight(row: Mapping[str, Any], values: Values) -> tuple[str, str]:
    loss, limit = 100 * row["_loss"], 100 * values["weight"]
    zh = "少" if loss > 0 else "多"
    en = "less" if loss > 0 else "more"
    return (
        f"接收 {row['recv_t']:.3g} 吨，比发出的 {row['ship_t']:.3g} 吨{zh} {abs(loss):.1f}%（允许 {limit:g}%）",
        f"received {row['recv_t']:.3g} t, {abs(loss):.1f} % {en} than the {row['ship_t']:.3g} t sent "
        f"({limit:g} % allowed)",
    )


def _off_route(row: Mapping[str, Any], values: Values) -> tuple[str, str]:
    return (
        f"偏离备案路线 {row['off_route_km']:.1f} 公里（上限 {values['off_route']:g} 公里）",
        f"{row['off_route_km']:.1f} km off the planned route (at most {values['off_route']:g} km)",
    )


def _stop(row: Mapping[str, Any], values: Values) -> tuple[str, str]:
    place = row["stop_poi"]
    return (
        f"在非服务区（{place or '位置不明'}）停留 {row['max_stop_min']:.0f} 分钟（上限 {values['stop']:g} 分钟）",
        f"stopped {row['max_stop_min']:.0f} minutes away from service areas ({place or 'unknown place'}; "
        f"at most {values['stop']:g})",
    )


def _slow(row: Mapping[str, Any], _values: Values) -> tuple[str, str]:
    times = row["_hours"] / row["_plan"]
    return (
        f"运输 {row['_hours']:.1f} 小时，为计划 {row['_plan']:.1f} 小时的 {times:.1f} 倍",
        f"the trip took {row['_hours']:.1f} h, {times:.1f} times the planned {row['_plan']:.1f} h",
    )


def _province(row: Mapping[str, Any], _values: Values) -> tuple[str, str]:
    return (
        f"联单 {row['manifest_no']} 由{row['from_prov']}转移至{row['to_prov']}，未见跨省转移批准文号",
        f"manifest {row['manifest_no']} moved from {row['from_prov']} to {row['to_prov']} without a cross-province "
        "approval on record",
    )


def _receiver(row: Mapping[str, Any], _values: Values) -> tuple[str, str]:
    return (
        f"接收单位 {row['receiver'] or ''} 的许可范围疑似不含废物代码 {row['waste_code'] or ''}",
        f"the licence of receiver {row['receiver'] or ''} seems not to cover waste code {row['waste_code'] or ''}",
    )


def _confirm(row: Mapping[str, Any], values: Values) -> tuple[str, str]:
    days = f"{values['confirm_days']:g}"
    if row["confirm"] is None:
        seen = f"{row['base_latest']:%Y-%m-%d}"
        return (
            f"至 {seen} 仍未确认接收，应于 {row['base_due_on']} 前（{days} 个工作日内）确认",
            f"not confirmed by {seen}; due by {row['base_due_on']} ({days} working days)",
        )
    return (
        f"接收确认于 {row['confirm']:%Y-%m-%d}，晚于期限 {row['base_due_on']}（{days} 个工作日）",
        f"confirmed on {row['confirm']:%Y-%m-%d}, after the due day {row['base_due_on']} ({days} working days)",
    )


def _truck(row: Mapping[str, Any], _values: Values) -> tuple[str, str]:
    return (
        f"车辆 {row['truck']} 同一时段还在联单 {row['base_other']} 的运输途中",
        f"truck {row['truck']} was on manifest {row['base_other']} at the same time",
    )


_TESTS = {
    "weight": _weight,
    "off_route": _off_route,
    "stop": _stop,
    "slow": _slow,
    "province": _province,
    "receiver": _receiver,
    "confirm": _confirm,
    "truck": _truck,
}
