"""Register a run, and take its points."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import polars as pl
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from services.clue_service.access import require
from services.clue_service.intake.commands import mark_tables_changed
from services.clue_service.intake.kept_tables import kept_tables
from services.clue_service.intake.tables import schema
from services.clue_service.van_runs import peaks
from services.clue_service.van_runs.models import Point, PointsView, PointVerdict, RegisterRun, VanRun
from shared.clock import ZONE, new_id, today
from shared.errors import BodyInvalid, DuplicateSubject, Stale, Text, wrong
from shared.identity import Principal
from shared.records.db import write
from shared.records.journal import Fact, chain
from shared.records.room import room_of

OFFICERS = 2
"""How many officers ride with a van at least (行政处罚法第四十二条)."""
TABLE = "van_points"
MOST_POINTS = 20_000


def register(session: Session, body: RegisterRun, *, by: Principal, now: datetime) -> VanRun:
    """Register a run. The same again changes nothing; the same name for another run is refused."""
    require(by, "measure")
    _check(body, now)
    found = session.exec(select(VanRun).where(VanRun.owner == by.agency, VanRun.run_id == body.run_id)).first()
    said = body.model_dump(mode="json")
    if found is not None:
        if found.model_dump(mode="json", include=set(said)) == said:
            return found
        raise DuplicateSubject(Text("已有同名走航任务", "Another run is registered by that name"), id=str(found.id))
    names = {"officers", "calibration"}
    row = VanRun(
        id=new_id(now),
        journey_id=new_id(now),
        owner=by.agency,
        registered_by=by.actor,
        created_at=now,
        **{name: said[name] for name in names},
        **body.model_dump(exclude=names),
    )
    try:
        write(session, VanRun, [row.model_dump()])
    except IntegrityError as twin:
        raise Stale(subject=f"van-run:{body.run_id}") from twin
    _journal(session, row, Fact("van_run.registered", said), by=by, now=now)
    return row


def add_points(session: Session, run: VanRun, lines: Sequence[bytes], *, by: Principal, now: datetime) -> PointsView:
    """Take points, one JSON object a line; each is taken or refused by itself. Points there already change nothing."""
    require(by, "measure")
    given = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not 0 < len(given) <= MOST_POINTS:
        words = Text(f"应有 1 至 {MOST_POINTS} 行", f"1 to {MOST_POINTS} lines are taken")
        raise BodyInvalid(words, errors=[{"field": "body", "code": "wrong_number_of_lines", "message": words}])
    verdicts, rows = [], []
    for number, line in given:
        point, reasons = _read(line, run, now)
        verdicts.append(PointVerdict(line=number, verdict="refused" if reasons else "taken", reasons=reasons))
        rows += [point] if point is not None else []
    frame = pl.DataFrame(rows, schema=schema(TABLE), orient="row")
    refused = len(given) - len(rows)
    digest = sha256(b"\n".join(lines)).hexdigest()
    fact = Fact("van_run.points_added", {"points": len(rows), "refused": refused, "sha256": digest})
    _journal(session, run, fact, by=by, now=now)
    if rows:
        mark_tables_changed(session, run.owner, now=now)
    stored, duplicates = kept_tables(room_of(session)).append(TABLE, run.owner, frame) if rows else (0, 0)
    return PointsView(lines=len(given), stored=stored, duplicates=duplicates, refused=refused, verdicts=verdicts)


def _check(body: RegisterRun, now: datetime) -> None:
    aboard = {one.certificate.strip(): one.name.strip() for one in body.officers}
    if len(aboard) < OFFICERS or len(set(aboard.values())) < OFFICERS:
        raise wrong("officers", "too_few_officers", "执法人员不得少于两人并各有证件", "Two officers with certificates")
    if body.run_on > today(now):
        raise wrong("run_on", "in_the_future", "走航日晚于今日", "run_on lies in the future")
    at = body.calibration.calibrated_at
    if at > now or today(at) != body.run_on:
        raise wrong(
            "calibration.calibrated_at", "not_of_the_day", "应为走航当日的校准", "Calibrate on the day of the run"
        )
    if not body.calibration.is_passed:
        raise wrong("calibration.is_passed", "not_passed", "校准未通过，不得走航", "A van that failed does not measure")
    peaks.require_thresholds(body.thresholds)


def _read(line: bytes, run: VanRun, now: datetime) -> tuple[dict[str, Any] | None, list[dict[str, str]]]:
    """Return a point as a row of the table, or why it is none."""
    try:
        point = Point.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError:
        return None, [{"code": "not_json", "zh": "不是 JSON", "en": "it is no JSON"}]
    except ValidationError as broken:
        told = broken.errors(include_input=False, include_url=False, include_context=False)
        return None, [
            {"code": item["type"], "field": ".".join(map(str, item["loc"])), "zh": item["msg"], "en": item["msg"]}
            for item in told
        ]
    local = point.ts.astimezone(ZONE).replace(tzinfo=None) if point.ts.tzinfo else point.ts
    if local > now.astimezone(ZONE).replace(tzinfo=None):
        return None, [{"code": "future_time", "field": "ts", "zh": "时间晚于当前时间", "en": "it lies in the future"}]
    if local.date() not in (run.run_on, run.run_on + timedelta(days=1)):
        words = {"zh": f"不是 {run.run_on} 这次走航的时间", "en": f"not within the run of {run.run_on}"}
        return None, [{"code": "not_of_the_run", "field": "ts", **words}]
    return point.model_dump() | {"ts": local, "run_id": run.run_id}, []


def _journal(session: Session, run: VanRun, fact: Fact, *, by: Principal, now: datetime) -> None:
    chain(session, f"van-run:{run.id}", fact, journey_id=run.journey_id, by=by, now=now)
