"""What the intake keeps beside the series: frames it could not take, and counts of all that came."""

import base64
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator
from pydantic import Field as Said
from sqlmodel import Field, SQLModel

from shared.errors import Text

Transport = Literal["http", "tcp"]
MOST_RAW = 64 * 1024
"""Bytes of a refused frame that are kept; no real frame is longer."""

REASONS: Mapping[str, Text] = {
    "no_frame": Text("不是 HJ 212 报文", "not an HJ 212 frame"),
    "bad_checksum": Text("CRC 校验错误", "the checksum is wrong"),
    "unknown_device": Text(
        "设备编号（MN）未登记在本部门管辖的排口", "the device (MN) is registered at no outlet of your bureau"
    ),
    "no_time": Text("监测数据没有可读的 DataTime", "data without a readable DataTime"),
    "future_time": Text("数据时间晚于当前时间", "the data's time lies in the future"),
    "no_readings": Text("监测数据没有可读的污染物数值", "data without a readable value"),
    "incomplete": Text("分包报文未收齐", "packets of a split message are missing"),
}
"""Why a frame was not taken, by code."""


class RejectedFrame(SQLModel, table=True):
    """A frame that was not taken, kept as it came; the same bytes refused again are counted, not kept twice."""

    __tablename__ = "rejected_frames"

    sha256: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    owner: str = Field(primary_key=True)
    """The bureau concerned: the device's, else the sender's; empty for a stranger at the TCP door."""
    id: UUID = Field(index=True)
    received_at: datetime
    last_at: datetime
    times: int
    transport: str
    sender: str
    mn: str | None
    raw: str
    """The bytes in Base64."""
    reason_zh: str
    reason_en: str
    settled_at: datetime | None = None
    """When the rest of its split message came and the whole was taken after all."""


class FrameCount(SQLModel, table=True):
    """How many frames or rows had one outcome on one day, by the way they came and the bureau concerned."""

    __tablename__ = "frame_counts"

    counted_on: date = Field(primary_key=True)
    transport: str = Field(primary_key=True)
    owner: str = Field(primary_key=True)
    outcome: str = Field(primary_key=True)
    count: int


class Rejection(BaseModel):
    """One frame that was not taken: its line in the body (from 1), the code, and why."""

    line: int
    code: str
    mn: str | None
    reason_zh: str
    reason_en: str


class TakenView(BaseModel):
    """What became of the frames of one request.

    `received` frames; `stored`, `duplicates` and `revised` rows of hour data; `values_stored`, `values_duplicates` and
    `values_revised` factors of minute, day and real-time data; `other` frames that carry none of these (device states,
    run times, notices), acknowledged and counted only; `answers` are the frames the senders wait for.
    """

    received: int
    stored: int
    duplicates: int
    revised: int
    values_stored: int
    values_duplicates: int
    values_revised: int
    other: int
    rejected_count: int
    rejected: list[Rejection]
    answers: list[str]


class RejectedView(BaseModel):
    """A kept frame; `text` shows it, `raw_base64` is exactly what came."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    received_at: AwareDatetime
    last_at: AwareDatetime
    times: int
    transport: str
    sender: str
    mn: str | None
    code: str
    reason_zh: str
    reason_en: str
    settled_at: AwareDatetime | None
    sha256: str
    raw_base64: str
    text: str

    @model_validator(mode="before")
    @classmethod
    def _shown(cls, value: Any) -> Any:
        if not isinstance(value, RejectedFrame):
            return value
        text = base64.b64decode(value.raw).decode("utf-8", "replace")[:2000]
        return value.model_dump() | {"raw_base64": value.raw, "text": text}


class CountsView(BaseModel):
    """Totals by outcome, and the same by day and transport.

    Frames whose values are stored: `hour_data`, `minute_data`, `day_data`, `real_time_data`; acknowledged only:
    `other`; refused: the code of the reason. Of stored frames `rows_…` counts rows of hour data and `values_…` factors
    of the other kinds: `stored` new, `duplicates` there already, `revised` with other values, the older ones kept.
    """

    total: dict[str, int]
    days: list[dict[str, Any]]


class SeriesQuery(BaseModel):
    """Which hours of an outlet are read; a time without zone is local (Asia/Shanghai)."""

    model_config = ConfigDict(extra="forbid")

    pollutant: str | None = Said(default=None, max_length=200)
    begin: datetime | None = Said(default=None, alias="from")
    end: datetime | None = Said(default=None, alias="to")


class RowProblem(BaseModel):
    """One wrong value of an import; `row` counts from 1 without the header, 0 is the file itself.

    In a workbook `sheet` is named and `row` is the spreadsheet's own number.
    """

    file: str
    sheet: str = ""
    row: int
    column: str
    code: str
    zh: str
    en: str


class ImportedView(BaseModel):
    """What became of an import: rows read, new, already there, changed, left out; at most 100 errors are shown."""

    table: str
    rows: int
    stored: int
    duplicates: int
    revised: int
    refused: int
    error_count: int
    errors: list[RowProblem]
    notes: list[dict[str, str]]
