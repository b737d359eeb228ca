"""Tables of an import folder: read by their declaration, every wrong row named, nothing guessed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from math import isnan
from pathlib import Path

import polars as pl
import yaml

from services.clue_service.intake.sheets import NoWorkbook, Place, Workbook, read_workbook, words_of_skipped

TYPES: Mapping[str, pl.DataType] = {
    "text": pl.String(),
    "float": pl.Float64(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "timestamp": pl.Datetime("us"),
}
_TRUE, _FALSE = ("true", "1", "yes", "是"), ("false", "0", "no", "否")
_WORDS = {"String": ("文本", "text"), "Float64": ("数值", "a number"), "Int64": ("整数", "a whole number")}
_WORDS |= {"Boolean": ("是否值", "true or false"), "Datetime": ("时间", "a time")}
LOOK = 1_000  # rows
MOST_ERRORS = 200  # a file of the wrong kind would name every row of it
ENDINGS = ("parquet", "csv", "xlsx")


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column: its type, its unit (empty when it has none), and whether it may be absent."""

    name: str
    type: pl.DataType
    unit: str
    is_optional: bool


@dataclass(frozen=True, slots=True)
class Key:
    """The columns no row may leave empty, and whether several rows may share them."""

    columns: tuple[str, ...]
    may_repeat: bool


@dataclass(frozen=True, slots=True)
class RowError:
    """One value that is not of its column's type, or a key that is missing or repeated.

    `row` counts from 1 without the header; in a workbook it is the row of `sheet` as the spreadsheet counts it.
    """

    file: str
    row: int
    column: str
    zh: str
    en: str
    code: str = "wrong_type"
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read: good rows only, the errors, and notes (unknown and missing columns) as zh/en pairs.

    `rows` were read, `numbers` says which of them are the good ones (from 1); `error_count` counts every error, also
    those beyond the ones that are listed.
    """

    frame: pl.DataFrame
    errors: tuple[RowError, ...]
    notes: tuple[Mapping[str, str], ...]
    rows: int = 0
    error_count: int = 0
    numbers: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.UInt32), compare=False)
    places: tuple[Place, ...] = field(default=(), repr=False)
    """Of a workbook: where each row that was read stands."""

    def located(self, error: RowError) -> RowError:
        """Return an error with its place in the workbook, where the table came in one."""
        if not self.places or error.sheet or error.row < 1:
            return error
        place = self.places[error.row - 1]
        return replace(error, sheet=place.sheet, row=place.row)


@cache
def declared() -> Mapping[str, tuple[Key, tuple[Column, ...]]]:
    """Every table of tables.yaml: its key columns and its columns."""
    text = (Path(__file__).parent / "tables.yaml").read_text(encoding="utf-8")
    tables = {}
    for name, entry in yaml.safe_load(text).items():
        columns = tuple(_column(column, str(words)) for column, words in entry["columns"].items())
        tables[name] = (Key(tuple(entry["key"]), bool(entry.get("may_repeat", False))), columns)
    return tables


def _column(name: str, words: str) -> Column:
    kind, _, unit = words.removesuffix("?").strip().partition(" ")
    return Column(name, TYPES[kind], unit, words.endswith("?"))


def schema(name: str) -> dict[str, pl.DataType]:
    """Column names and types of a declared table, without the columns that may be absent."""
    return {column.name: column.type for column in declared()[name][1] if not column.is_optional}


def read_folder(folder: Path) -> dict[str, Table]:
    """Every declared table found in a folder."""
    paths = {name: file_of(folder, name) for name in declared()}
    return {name: read_table(name, path) for name, path in paths.items() if path is not None}


def file_of(folder: Path, name: str) -> Path | None:
    """Return the file of a table in a folder, Parquet before CSV before a workbook; None when there is none."""
    return next((path for end in ENDINGS if (path := folder / f"{name}.{end}").exists()), None)


def read_table(name: str, path: Path) -> Table:
    """Read one table (CSV, Parquet or XLSX). Raises KeyError for a table that is not declared, OSError when unreadable.

    Rows with a wrong value are left out and named; a wrong value never becomes a null in silence. Missing columns are
    added as null and noted, so that rules count their rows as not evaluable; unknown columns are kept.
    """
    try:
        book = _book(name, path) if path.suffix == ".xlsx" else None
        raw = book.frame() if book else _raw(path)
    except (pl.exceptions.PolarsError, UnicodeDecodeError, NoWorkbook) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return _refused(name, path, "unreadable", f"文件无法读取：{reason}", f"the file cannot be read: {reason}")
    if book is not None and not book.columns:
        listed = ", ".join(declared()[name][0].columns)
        return _refused(
            name, path, "wrong_header", f"没有工作表的表头含列：{listed}", f"no sheet has the columns {listed}"
        )
    return checked(name, path.name, raw, book=book)


def checked(name: str, file: str, raw: pl.DataFrame, before: int = 0, book: Workbook | None = None) -> Table:
    """Rows of a declared table as they were read, brought to their types; `before` rows of the file stood ahead.

    `book` says of rows from a workbook where they stood and what was wrong with them there.
    """
    key, columns = declared()[name]
    missing = [pl.lit(None, column.type).alias(column.name) for column in columns if _is_missing(column, raw.columns)]
    frame = raw.with_columns(missing)
    present = [column for column in columns if column.name in frame.columns]
    typed = frame.with_columns([_cast(column, frame.schema[column.name]) for column in present])
    flawed = book or Workbook()
    bad, errors, count = _problems(file, key, frame, typed, flawed)
    good = without_nan(typed.filter(~bad) if bad.any() else typed)
    notes = (*notes_on(name, raw.columns), *words_of_skipped(flawed))
    table = Table(good, (), notes, raw.height, count, (~bad).arg_true() + 1 + before, tuple(flawed.places))
    placed = (replace(error, row=error.row + before) for error in errors)
    return replace(table, errors=tuple(map(table.located, placed)))


def without_nan(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with NaN made null; columns that have none are not copied."""
    numbers = [column.name for column in frame if column.dtype.is_float() and _holds_nan(column)]
    return frame.with_columns(pl.col(numbers).fill_nan(None)) if numbers else frame


def _holds_nan(column: pl.Series) -> bool:
    return isnan(column.sum()) and bool(column.is_nan().any())  # a sum costs a tenth, and most columns have none


def _book(name: str, path: Path) -> Workbook:
    key, columns = declared()[name]
    return read_workbook(path, {column.name: column.unit for column in columns}, key.columns)


def _refused(name: str, path: Path, code: str, zh: str, en: str) -> Table:
    return Table(pl.DataFrame(schema=schema(name)), (RowError(path.name, 0, "", zh, en, code),), (), error_count=1)


def _problems(
    file: str, key: Key, frame: pl.DataFrame, typed: pl.DataFrame, book: Workbook
) -> tuple[pl.Series, tuple[RowError, ...], int]:
    """Which rows are wrong, the first errors by row, and how many errors there are."""
    errors = [RowError(file, one.index + 1, one.column, one.zh, one.en, one.code) for one in book.flaws]
    count = len(errors)
    flawed = {(one.index, one.column) for one in book.flaws}
    bad = _marked(frame.height, {index for index, _ in flawed})
    for name in frame.columns:
        if frame.schema[name] == typed.schema[name]:
            continue  # nothing was read anew: there is nothing that could be wrong
        told = _marked(frame.height, {index for index, column in flawed if column == name})
        wrong = typed[name].is_null() & _stated(frame[name]) & ~told
        bad |= wrong
        count += int(wrong.sum())
        errors += _type_errors(file, name, typed.schema[name], frame[name], wrong)
    for wrong, errors_here in _key_errors(file, key, typed, bad):
        bad |= wrong
        count += int(wrong.sum())
        errors += errors_here
    return bad, tuple(sorted(errors, key=lambda one: one.row)[:MOST_ERRORS]), count


def _marked(height: int, indexes: set[int]) -> pl.Series:
    """Return a mask that is true at some indexes."""
    return pl.int_range(height, eager=True).is_in(sorted(indexes)) if indexes else pl.repeat(False, height, eager=True)


def _raw(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    return pl.read_csv(path, infer_schema=False, encoding="utf8")


def _is_missing(column: Column, found: Collection[str]) -> bool:
    return not column.is_optional and column.name not in found


def notes_on(name: str, found: Collection[str]) -> tuple[Mapping[str, str], ...]:
    """Say which columns of a declared table are missing among those found, and which are not declared."""
    columns = declared()[name][1]
    unknown = sorted(set(found) - {column.name for column in columns})
    missing = sorted(column.name for column in columns if _is_missing(column, found))
    notes = []
    if missing:
        listed = ", ".join(missing)
        notes.append(
            {"zh": f"缺少列，相关规则不可评估：{listed}", "en": f"columns missing, rules not evaluable: {listed}"}
        )
    if unknown:
        listed = ", ".join(unknown)
        notes.append({"zh": f"未声明的列，保留不用：{listed}", "en": f"columns not declared, kept unused: {listed}"})
    return tuple(notes)


def _stated(column: pl.Series) -> pl.Series:
    stated = column.is_not_null()
    return stated & (column.str.strip_chars() != "") if column.dtype == pl.String() else stated


def _cast(column: Column, found: pl.DataType) -> pl.Expr:
    value = pl.col(column.name)
    if column.type == pl.String():
        return value.cast(pl.String())
    if found != pl.String():
        if isinstance(found, pl.Datetime) and found.time_zone is not None:
            value = value.dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
        return value.cast(column.type, strict=False)
    text = value.str.strip_chars()
    if column.type == pl.Boolean():
        low = text.str.to_lowercase()
        return pl.when(low.is_in(_TRUE)).then(True).when(low.is_in(_FALSE)).then(False).alias(column.name)
    if isinstance(column.type, pl.Datetime):
        # A date alone is its beginning; "T" and blank both stand between date and time.
        plain = text.str.replace("T", " ", literal=True).str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1} 00:00")
        full = plain.str.replace(r"^(\S+ \d{2}:\d{2})$", "${1}:00")
        return full.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False).alias(column.name)
    return text.cast(column.type, strict=False).alias(column.name)


def _type_errors(file: str, name: str, kind: pl.DataType, raw: pl.Series, wrong: pl.Series) -> list[RowError]:
    errors = []
    zh, en = _WORDS[str(kind.base_type())]
    for index in wrong.arg_true().head(MOST_ERRORS):
        text = str(raw[index])[:60]
        errors.append(RowError(file, index + 1, name, f"“{text}”不是{zh}", f"{text!r} is not {en}"))
    return errors


def _is_sorted(typed: pl.DataFrame, columns: tuple[str, ...]) -> bool:
    """Whether rows stand strictly sorted by their key in any order of its columns: then none is repeated."""
    if typed.height < 2:
        return True
    orders = (columns, (columns[0], *columns[:0:-1]))
    # A look at the first rows spares comparing all of them in an order that is not theirs.
    return any(_is_in(typed.head(LOOK), order) and _is_in(typed, order) for order in orders)


def _is_in(typed: pl.DataFrame, order: tuple[str, ...]) -> bool:
    """Whether rows stand strictly sorted: the last column within its group, and the few groups among each other."""
    *groups, last = order
    later = (typed[last] > typed[last].shift(1)).fill_null(False)
    if not groups:
        return bool(later.slice(1).all())
    begins = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in groups)
    places = typed.select(begins.alias("begins")).to_series().scatter(0, True)
    if not (later | places).all():
        return False
    heads = typed.select(pl.col(groups).gather(places.arg_true()))
    return heads.height < 2 or _is_in(heads, tuple(groups))


def _key_errors(file: str, key: Key, typed: pl.DataFrame, bad: pl.Series) -> list[tuple[pl.Series, list[RowError]]]:
    named = ", ".join(key.columns)
    absent = typed.select(pl.any_horizontal(pl.col(key.columns).is_null())).to_series() & ~bad
    wrongs = [(absent, "键为空", "the key is empty", "key_empty")]
    if not key.may_repeat and not _is_sorted(typed, key.columns):
        repeated = ~typed.select(pl.struct(key.columns).is_first_distinct()).to_series() & ~bad & ~absent
        wrongs.append((repeated, "键重复", "the key is repeated", "key_repeated"))
    return [
        (wrong, [RowError(file, index + 1, named, zh, en, code) for index in wrong.arg_true().head(MOST_ERRORS)])
        for wrong, zh, en, code in wrongs
    ]
