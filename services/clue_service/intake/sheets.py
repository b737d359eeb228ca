"""Tables in workbooks (XLSX): where the header stands, which cells are data, and where each row stood."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
from openpyxl.utils.exceptions import InvalidFileException

MOST_UNPACKED = 512 * 1024**2
"""Bytes a workbook may hold once unpacked; a small file that unpacks to more is no table."""
MOST_ROWS = 300_000
"""Rows of a workbook; longer tables come as CSV or Parquet."""
HEADER_WITHIN = 20
"""How many rows a title may take before the header."""
LONGEST_EXACT = 10**15
"""From here on a spreadsheet has rounded a whole number: it is no number of a document any more."""
BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, SyntaxError, InvalidFileException, OSError, EOFError),
    *(KeyError, IndexError, ValueError, TypeError, AttributeError, NotImplementedError, OverflowError, RuntimeError),
)
"""What the library raises over a file that is no workbook, is cut short, or was changed (SyntaxError: broken XML)."""


class NoWorkbook(ValueError):
    """The file cannot be read as a workbook, or holds more than can be a table."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: the sheet and its row there, counted from 1 as spreadsheets do."""

    sheet: str
    row: int


@dataclass(frozen=True, slots=True)
class Flaw:
    """A cell that cannot be taken: index of the row, column, and what is wrong."""

    index: int
    column: str
    code: str
    zh: str
    en: str


@dataclass(slots=True)
class Workbook:
    """What was read: rows of texts as a CSV would give them, the place of each, flaws, and sheets without a header."""

    columns: list[str] = field(default_factory=list)
    rows: list[dict[str, str | None]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def frame(self) -> pl.DataFrame:
        """Return the rows as a table of texts."""
        return pl.DataFrame(self.rows, schema=dict.fromkeys(self.columns, pl.String()), orient="row")


@dataclass(frozen=True, slots=True)
class Header:
    """A header: the names by column (from 0), and the row after it (from 1)."""

    names: Mapping[int, str]
    after: int


def read_workbook(path: Path, known: Mapping[str, str], key: Sequence[str]) -> Workbook:
    """Read every sheet that has a header. `known` maps the declared columns to their units. Raises NoWorkbook.

    The header may stand below a title, take two rows (a merged group above its columns) and be followed by units.
    """
    found = Workbook()
    try:
        _refuse_bomb(path)
        with path.open("rb") as file:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # some programs write too small an area
                _read_sheet(found, sheet, known, key)
    except BROKEN as error:
        raise NoWorkbook(str(error).splitlines()[0] if str(error) else type(error).__name__) from error
    return found


def _refuse_bomb(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        if sum(entry.file_size for entry in file.infolist()) > MOST_UNPACKED:
            raise NoWorkbook("解压后过大 / it unpacks to too much")


def _read_sheet(found: Workbook, sheet: Any, known: Mapping[str, str], key: Sequence[str]) -> None:
    lines = enumerate(sheet.iter_rows(), start=1)
    first: list[tuple[int, Sequence[Any]]] = []
    for _ in range(HEADER_WITHIN + 2):
        line = next(lines, None)
        if line is None:
            break
        first.append(line)
    header = _header([cells for _, cells in first], known, key)
    if header is None:
        if any(_text(cell) for _, cells in first for cell in cells):
            found.skipped.append(sheet.title)
        return
    found.columns += [name for name in header.names.values() if name not in found.columns]
    for number, cells in (*first[header.after - 1 :], *lines):
        _read_row(found, Place(sheet.title, number), cells, header)


def _read_row(found: Workbook, place: Place, cells: Sequence[Any], header: Header) -> None:
    values: dict[str, str | None] = {}
    flaws = []
    for column, name in header.names.items():
        text, flaw = _value(cells[column]) if column < len(cells) else (None, None)
        values[name] = text
        if flaw is not None:
            flaws.append(Flaw(len(found.rows), name, *flaw))
    if any(text is not None for text in values.values()):
        if len(found.rows) >= MOST_ROWS:
            raise NoWorkbook(f"超过 {MOST_ROWS} 行，请用 CSV 或 Parquet / over {MOST_ROWS} rows: use CSV or Parquet")
        found.rows.append(values)
        found.places.append(place)
        found.flaws += flaws


def _header(rows: Sequence[Sequence[Any]], known: Mapping[str, str], key: Sequence[str]) -> Header | None:
    """Find the header: the first row, or pair of rows, that names every key column."""
    texts = [[_text(cell) for cell in cells] for cells in rows]
    for index in range(min(len(texts), HEADER_WITHIN)):
        below = texts[index + 1] if index + 1 < len(texts) else []
        one, two = _names(texts[index], (), known), _names(texts[index], below, known)
        is_pair = _named(two, known) > _named(one, known) and all(not text or _bare(text, known) for text in below)
        names = two if is_pair else one
        if set(key) <= set(names.values()):
            after = index + (3 if is_pair else 2)
            return Header(names, after + (_is_units(texts, after - 1, names, known)))
    return None


def _names(above: Sequence[str], below: Sequence[str], known: Mapping[str, str]) -> dict[int, str]:
    """Return the names by column, the lower row's where it has one. Raises ValueError for a name that stands twice."""
    found: dict[int, str] = {}
    for column in range(max(len(above), len(below))):
        lower = below[column] if column < len(below) else ""
        upper = above[column] if column < len(above) else ""
        name = _bare(lower, known) or _bare(upper, known) or lower or upper
        if name in found.values() and name in known:
            raise ValueError(f"列名 {name} 出现两次 / column {name} stands twice")
        if name and name not in found.values():
            found[column] = name
    return found


def _named(names: Mapping[int, str], known: Mapping[str, str]) -> int:
    return sum(name in known for name in names.values())


def _bare(text: str, known: Mapping[str, str]) -> str:
    """Return the declared name a heading holds, without a unit behind it and however it is written; empty: none."""
    for end in ("(", "（", "[", "\n", "/"):
        text = text.partition(end)[0]
    name = text.strip().lower()
    return name if name in known else ""


def _is_units(texts: Sequence[Sequence[str]], index: int, names: Mapping[int, str], known: Mapping[str, str]) -> bool:
    """Whether a row below the header holds nothing but the units of its columns."""
    if index >= len(texts):
        return False
    cells = [(names[column], text) for column, text in enumerate(texts[index]) if text and column in names]
    return bool(cells) and all(text.strip("()（）[] ") in known.get(name, "").split(" or ") for name, text in cells)


def _text(cell: Any) -> str:
    return str(cell.value).strip() if cell.value is not None else ""


def _value(cell: Any) -> tuple[str | None, tuple[str, str, str] | None]:
    """Return a cell as text, and what is wrong with it."""
    value = cell.value
    if cell.data_type == "e":
        return str(value), ("formula_error", f"公式错误 {value}", f"the formula gives {value}")
    if isinstance(value, bool):
        return str(value).lower(), None
    if isinstance(value, int | float):
        if abs(value) >= LONGEST_EXACT:
            words = ("数字过长，表格软件已舍入；请按文本保存", "too long for a number: it was rounded, keep it as text")
            return str(value), ("rounded_number", *words)
        return (str(int(value)) if float(value).is_integer() else repr(float(value))), None
    if isinstance(value, datetime):
        return _rounded(value).strftime("%Y-%m-%d %H:%M:%S.%f"), None
    if isinstance(value, date):
        return value.isoformat(), None
    if isinstance(value, time | timedelta):
        return str(value), None
    text = str(value).strip() if value is not None else ""
    return text or None, None


def _rounded(value: datetime) -> datetime:
    """A time to the millisecond: a spreadsheet keeps a fraction of a day, which is off by microseconds."""
    whole = round(value.microsecond / 1000)
    return value.replace(microsecond=0) + timedelta(milliseconds=whole)


def words_of_skipped(found: Workbook) -> Iterator[dict[str, str]]:
    """Return a note for each sheet that holds something but no header."""
    for name in found.skipped:
        yield {"zh": f"工作表“{name}”没有表头，未读取", "en": f"sheet '{name}' has no header: it was not read"}
