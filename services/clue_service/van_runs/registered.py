"""Whether a run that a rule hit was registered, said in the reasons of its clue."""

from typing import Any

from sqlmodel import select

from services.clue_service.van_runs.models import VanRun
from services.clue_service.van_runs.peaks import POLLUTANT, measured
from shared.records.room import Room


def is_of_vans(rule_id: str) -> bool:
    """Whether a rule judges what vans measured."""
    return rule_id == measured()[POLLUTANT]["rule"]


def reason(room: Room, agency: str, run_id: str) -> dict[str, Any]:
    """Return what a clue says of the run it comes from: registered with its officers, or not at all."""
    with room.reading() as session:
        run = session.exec(select(VanRun).where(VanRun.owner == agency, VanRun.run_id == run_id)).first()
    if run is None:
        return {
            "zh": "走航任务未登记（未见两名执法人员及当日校准），数据仅供排查",
            "en": "the run is not registered (no two officers, no calibration of the day): for orientation only",
            "van_run": None,
        }
    count = len(run.officers)
    return {
        "zh": f"走航任务已登记：{run.vehicle}，执法人员 {count} 名，当日校准通过",
        "en": f"the run is registered: {run.vehicle}, {count} officers, calibrated on the day",
        "van_run": f"van-run:{run.id}",
    }
