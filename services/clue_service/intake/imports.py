"""Imports of tables: read by their declaration, checked row by row, kept whole or not at all unless asked otherwise."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from sqlmodel import Session

from services.clue_service.access import require
from services.clue_service.intake import commands
from services.clue_service.intake.commands import Coming
from services.clue_service.intake.kept_tables import kept_tables
from services.clue_service.intake.models import ImportedView, RowProblem
from services.clue_service.intake.tables import RowError, Table, declared, read_table
from services.clue_service.intake.taking import series_store
from services.clue_service.outlets import commands as outlet_commands
from services.clue_service.outlets import queries
from services.clue_service.outlets.importing import FOREIGN, Registrations, from_limits, from_outlets
from services.clue_service.outlets.models import RegisterOutlet
from shared.clock import ZONE, new_id
from shared.errors import BodyInvalid, NotVisible, Text
from shared.identity import Principal
from shared.records.journal import Fact, chain
from shared.records.room import Room

MOST_SHOWN = 100
OBSERVATIONS = "obs_hour"
REGISTERING = {"outlets": from_outlets, "limits": from_limits}
ANY_OUTLET = frozenset({"outlets", "section_sources"})
"""Tables whose outlet_id need not be registered: the outlet is only now told of, or a river section stands there."""
FUTURE = Text("时间晚于当前时间", "the time lies in the future")


@dataclass(frozen=True, slots=True)
class Given:
    """An uploaded file: where it lies, its SHA-256, and whether its good rows are taken when others are wrong."""

    path: Path
    sha256: str
    partial: bool


@dataclass(slots=True)
class Checked:
    """The rows that may be kept, what they register, and every error; `count` counts them all."""

    frame: pl.DataFrame
    bodies: dict[str, RegisterOutlet]
    errors: list[RowError]
    count: int


def may_import(by: Principal, name: str) -> None:
    """Refuse an unknown table (NotVisible) and who may not import it (NotYourStep)."""
    require(by, "deliver")
    if name in REGISTERING:
        require(by, "register")
    if name not in declared():
        listed = ", ".join(declared())
        raise NotVisible(Text(f"没有表 {name}；可导入：{listed}", f"There is no table {name}; there are: {listed}"))


def read_checked(room: Room, name: str, given: Given, *, coming: Coming) -> tuple[Table, Checked]:
    """Read a file and check every row. Raises BodyInvalid with the errors when a row is wrong and not `partial`."""
    _refuse_wrong_header(name, given.path)
    read = read_table(name, given.path)
    with room.reading() as session:
        checked = _checked(session, name, read, coming=coming)
    is_whole = any(error.row == 0 for error in read.errors)  # an error of the file itself leaves nothing to take
    if checked.count and (is_whole or not given.partial):
        words = Text(f"有 {checked.count} 处错误，全部未导入", f"{checked.count} errors; nothing was imported")
        told = [_told(problem) for problem in shown(name, read, checked.errors)]
        raise BodyInvalid(words, errors=told, error_count=checked.count, rows=read.rows)
    return read, checked


def store_observations(room: Room, checked: Checked, *, coming: Coming) -> dict[str, int]:
    """Store checked rows of obs_hour in the series; gives how many are stored, duplicates and revised.

    Done before the transaction that tells of it: cut short in between, the import may be repeated.
    """
    done = series_store(room).append(checked.frame, now=coming.now)
    return {"stored": done.stored, "duplicates": done.duplicates, "revised": done.revised.height}


def note(session: Session, name: str, given: Given, checked: Checked, *, coming: Coming) -> None:
    """Register what the rows register, tell detection what changed, and journal who imported which file."""
    for outlet_id, body in checked.bodies.items():
        outlet_commands.register(session, outlet_id, body, by=coming.by, now=coming.now)
    if name == OBSERVATIONS:
        commands.mark_changed(session, checked.frame, now=coming.now)
    elif checked.frame.height:
        commands.mark_tables_changed(session, coming.by.agency, now=coming.now)
    data = {"table": name, "sha256": given.sha256, "rows": checked.frame.height, "errors": checked.count}
    ref, journey_id = f"import:{coming.by.agency}:{name}", new_id(coming.now)
    chain(session, ref, Fact("table.imported", data), journey_id=journey_id, by=coming.by, now=coming.now)


def keep_table(room: Room, name: str, checked: Checked, *, coming: Coming) -> dict[str, int]:
    """Keep checked rows of any other table; called last in the transaction, so that they are kept with it or not."""
    stored, duplicates = kept_tables(room).append(name, coming.by.agency, checked.frame)
    return {"stored": stored, "duplicates": duplicates, "revised": 0}


def view(name: str, read: Table, checked: Checked, outcome: dict[str, int]) -> ImportedView:
    """Return what became of an import."""
    return ImportedView(
        table=name,
        rows=read.rows,
        **outcome,
        refused=read.rows - checked.frame.height,
        error_count=checked.count,
        errors=shown(name, read, checked.errors),
        notes=[dict(note) for note in read.notes],
    )


def shown(name: str, read: Table, errors: list[RowError]) -> list[RowProblem]:
    """Return the first errors by row, as they are shown."""
    sheets = {place.sheet: number for number, place in reversed(list(enumerate(read.places)))}
    placed = [read.located(one) for one in errors]
    first = sorted(placed, key=lambda one: (sheets.get(one.sheet, 0), one.row))[:MOST_SHOWN]
    names = ("sheet", "row", "column", "code", "zh", "en")
    return [RowProblem(file=name, **{field: getattr(one, field) for field in names}) for one in first]


def _told(one: RowProblem) -> dict[str, Any]:
    """An error as a problem document carries it: in the reader's language."""
    return one.model_dump(exclude={"zh", "en"}) | {"message": Text(one.zh, one.en)}


def _refuse_wrong_header(name: str, path: Path) -> None:
    """Refuse what cannot be read, and a file without the key columns: it is another table."""
    key, _ = declared()[name]
    if path.suffix == ".xlsx":
        return  # its header is looked for while it is read
    try:
        found = pl.read_parquet_schema(path) if path.suffix == ".parquet" else pl.read_csv(path, n_rows=0).schema
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        words = Text(f"文件无法读取：{reason}", f"The file cannot be read: {reason}")
        raise BodyInvalid(words, errors=[{"file": name, "row": 0, "code": "unreadable", "message": words}]) from error
    if absent := [column for column in key.columns if column not in found]:
        named = ", ".join(absent)
        words = Text(f"表 {name} 缺少列：{named}", f"Columns of table {name} are missing: {named}")
        error_entry = {"file": name, "row": 0, "column": named, "code": "wrong_header", "message": words}
        raise BodyInvalid(words, errors=[error_entry])


def _checked(session: Session, name: str, read: Table, *, coming: Coming) -> Checked:
    """Set aside rows of other bureaus' outlets, hours of the future, and rows that cannot be registered."""
    frame = read.frame
    checked = Checked(frame, {}, list(read.errors), read.error_count)
    wrong = pl.Series([False]).new_from_index(0, frame.height)
    if "outlet_id" in frame.columns and name not in ANY_OUTLET:
        known = queries.by_id(session, frame["outlet_id"].drop_nulls().unique().to_list(), by=coming.by)
        strange = frame["outlet_id"].is_not_null() & ~frame["outlet_id"].is_in(list(known))
        wrong |= _set_aside(checked, read, strange, "outlet_id", "unknown_outlet", FOREIGN)
    if name == OBSERVATIONS:
        until = coming.now.astimezone(ZONE).replace(tzinfo=None)
        future = (frame["ts"] > until).fill_null(False) & ~wrong
        wrong |= _set_aside(checked, read, future, "ts", "future_time", FUTURE)
    checked.frame = frame.filter(~wrong)
    if name in REGISTERING:
        numbers = read.numbers.filter(~wrong)
        _add_registrations(checked, REGISTERING[name](session, checked.frame, by=coming.by), numbers)
    return checked


def _set_aside(checked: Checked, read: Table, wrong: pl.Series, column: str, code: str, words: Text) -> pl.Series:
    checked.count += int(wrong.sum())
    rows = read.numbers.gather(wrong.arg_true().head(MOST_SHOWN))
    checked.errors += [RowError("", int(row), column, words.zh, words.en, code) for row in rows]
    return wrong


def _add_registrations(checked: Checked, found: Registrations, numbers: pl.Series) -> None:
    checked.bodies = found.bodies
    checked.count += len(found.refused)
    checked.errors += [
        RowError("", int(numbers[index]), column, words.zh, words.en, code)
        for index, column, code, words in found.refused
    ]
    bad = pl.Series(sorted({index for index, *_ in found.refused}), dtype=pl.UInt32)
    checked.frame = checked.frame.with_row_index("_row").filter(~pl.col("_row").is_in(bad.implode())).drop("_row")
