"""From HJ 212 frames of minute, day and real-time data to the moments they tell of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.clue_service.intake.hj212 import Frame
from shared.clock import ZONE

Factors = dict[str, dict[str, str]]
"""Code -> sub-field -> value, each exactly as it came."""
KINDS: Mapping[str, str] = {"2051": "minute", "2031": "day", "2011": "real_time"}
"""Command (CN) -> kind of the data."""
FAST = timedelta(minutes=5)
"""How far a device's clock may be ahead: these data carry the device's own moment, and few clocks are exact."""
FIRST_YEAR = 1970
"""Where the clock of a device that was reset begins; what lies before is no time."""
NO_VALUES = frozenset({"DataTime", "RF"})
"""Items of the data area that tell of the message and measure nothing."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a device said of one moment: the start of the minute or day, or when a sample was taken."""

    owner: str
    outlet_id: str
    kind: str
    at: datetime
    factors: Factors


def factors_of(frame: Frame) -> Factors:
    """The values of a frame by code; an item without sub-field stands under its name with an empty one."""
    plain = {name: {"": value} for name, value in frame.cp_other.items() if name not in NO_VALUES}
    return {**frame.factors, **{name: {**frame.factors.get(name, {}), **field} for name, field in plain.items()}}


def moment(frame: Frame, *, owner: str, outlet_id: str) -> Moment | None:
    """The moment a frame tells of; None where it is of another kind or was refused for want of time or values."""
    kind, at = KINDS.get(frame.cn or ""), frame.data_at
    if kind is None or at is None:
        return None
    return Moment(owner, outlet_id, kind, at.replace(tzinfo=ZONE).astimezone(UTC), factors_of(frame))


def refusal(frame: Frame, until: datetime) -> str | None:
    """Why a frame of these kinds is not taken (a code of REASONS); `until` is the local time now, without zone."""
    at = frame.data_at
    if at is None or at.year < FIRST_YEAR:
        return "no_time"
    if not factors_of(frame):
        return "no_readings"
    return "future_time" if at > until + FAST else None
