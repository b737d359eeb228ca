"""Transfer manifests: the honest ones carry the waste books' transfers; forged journeys stand beside them (R19)."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.labelled.books.made import FLOAT, MOMENT, TEXT, TRUTH, Made, Schema
from tests.labelled.labels import NEGATIVE, STRENGTHS, Label
from tests.labelled.noise import dice

SCHEMAS: dict[str, Schema] = {
    "manifests": {
        "manifest_no": TEXT, "shipper": TEXT, "receiver": TEXT, "truck": TEXT, "waste_code": TEXT, "from_prov": TEXT,
        "to_prov": TEXT, "cross_approval": TEXT, "receiver_code_ok": TRUTH, "ship_t": FLOAT, "recv_t": FLOAT,
        "plan_km": FLOAT, "gps_km": FLOAT, "off_route_km": FLOAT, "max_stop_min": FLOAT, "stop_poi": TEXT,
        "depart": MOMENT, "arrive": MOMENT, "confirm": MOMENT,
    }
}  # fmt: skip
FORGERIES = ("lighter", "detour", "stop", "province", "licence", "late")
"""What a forged journey shows, in the order in which stronger ones add to weaker ones."""


class Desk:
    """Numbers the manifests and drives the lorries, each of which is on one journey at a time."""

    def __init__(self, seed: int) -> None:
        """Begin with number one."""
        self.made, self.chance, self.count = Made(SCHEMAS), dice(seed, "manifests"), 0

    def trip(self, shipper: str, code: str, day: datetime, tonnes: float) -> dict[str, Any]:
        """An honest journey on a lorry of its own day."""
        self.count += 1
        plan = self.chance.uniform(20, 160)
        leave = day + timedelta(hours=self.chance.uniform(7, 14))
        drive = plan / 45 * self.chance.uniform(0.9, 1.5)
        arrive = leave + timedelta(hours=drive)
        return {
            "manifest_no": f"{day.year}3205{self.count:06d}", "shipper": shipper,
            "receiver": f"CZ{self.chance.randint(1, 9):02d}", "truck": f"苏E{10000 + self.count}", "waste_code": code,
            "from_prov": "江苏", "to_prov": "江苏", "cross_approval": None, "receiver_code_ok": True,
            "ship_t": tonnes, "recv_t": round(tonnes * (1 - self.chance.uniform(0, 0.01)), 3),
            "plan_km": round(plan, 1), "gps_km": round(plan * self.chance.uniform(0.99, 1.05), 1),
            "off_route_km": round(self.chance.uniform(0, 1.5), 2),
            "max_stop_min": round(self.chance.uniform(1, 14), 0), "stop_poi": None,
            "depart": _minute(leave), "arrive": _minute(arrive),
            "confirm": _minute(arrive + timedelta(hours=self.chance.uniform(1, 30))),
        }  # fmt: skip

    def file(self, trip: dict[str, Any], strength: str = "", kind: str = "") -> None:
        """Put a journey on file, with a label when something is special about it."""
        self.made.add("manifests", *(trip[name] for name in SCHEMAS["manifests"]))
        if strength:
            number, last = trip["manifest_no"], max(trip["arrive"], trip["confirm"])
            self.made.labels.append(Label("R19", number, trip["depart"], last, strength, kind))


def manifests(
    seed: int, transfers: list[tuple[str, str, datetime, float]], levels: tuple[int, ...], replicates: int
) -> Made:
    """Manifests of all transfers, whose sums are those of the books, and the forged and odd ones of other shippers."""
    desk = Desk(seed)
    for shipper, code, month, tonnes in transfers:
        parts = desk.chance.randint(1, 3)
        for part in range(parts):
            amount = round(tonnes / parts, 3) if part else round(tonnes - round(tonnes / parts, 3) * (parts - 1), 3)
            desk.file(desk.trip(shipper, code, month + timedelta(days=desk.chance.randint(1, 26)), amount))
    _forged(desk, levels, replicates)
    _honest(desk)
    return desk.made


def _day(chance: Random) -> datetime:
    return datetime(2026, 3, 1) + timedelta(days=chance.randint(1, 50))  # noqa: DTZ001  local wall time


def _forged(desk: Desk, levels: tuple[int, ...], replicates: int) -> None:
    for level in levels:
        for turn in range(replicates * 2):
            trip = desk.trip("WF01", "900-041-49", _day(desk.chance), round(desk.chance.uniform(4, 20), 2))
            chosen = [FORGERIES[(turn + step) % len(FORGERIES)] for step in range(max(1, level))]
            for forgery in chosen:
                trip.update(_forge(trip, forgery, level))
            desk.file(trip, STRENGTHS[level], " + ".join(chosen))


def _forge(trip: dict[str, Any], forgery: str, level: int) -> dict[str, Any]:
    return {
        "lighter": {"recv_t": round(trip["ship_t"] * (0.965, 0.93, 0.85, 0.6)[level], 3)},
        "detour": {"off_route_km": (5.0, 11.0, 24.0, 60.0)[level], "gps_km": trip["plan_km"] + (9, 25, 55, 140)[level]},
        "stop": {"max_stop_min": (32.0, 45.0, 90.0, 200.0)[level], "stop_poi": None},
        "province": {"to_prov": "安徽", "cross_approval": None},
        "licence": {"receiver_code_ok": False},
        "late": {"confirm": trip["arrive"] + timedelta(days=(8, 12, 20, 40)[level])},
    }[forgery]


def _honest(desk: Desk) -> None:
    odd: list[tuple[str, dict[str, Any]]] = [
        ("moisture", {"recv_t": 0.976}), ("rest at a service area", {"max_stop_min": 55.0, "stop_poi": "服务区"}),
        ("traffic jam", {"jam": 2.1}), ("no satellite fix", {"gps_km": None, "off_route_km": None}),
        ("approved across the border", {"to_prov": "浙江", "cross_approval": "跨省批复2026-008"}),
    ]  # fmt: skip
    for kind, changes in odd:
        trip = desk.trip("WF02", "900-041-49", _day(desk.chance), 10.0)
        jam = changes.pop("jam", None)
        if jam:
            trip["arrive"] = _minute(trip["depart"] + timedelta(hours=trip["plan_km"] / 45 * jam))
            trip["confirm"] = trip["arrive"] + timedelta(hours=4)
        if "recv_t" in changes:
            changes["recv_t"] *= trip["ship_t"]
        desk.file({**trip, **changes}, NEGATIVE, kind)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
