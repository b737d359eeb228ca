"""Command line for the detection rules: tables of a folder in, hits as JSON lines out."""

import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

import orjson
import polars as pl
import typer
from rich.console import Console
from rich.progress import track

from services.clue_service.detection.catalogue import Rule, current, load
from services.clue_service.detection.engine import Run, run
from services.clue_service.detection.evidence import freeze
from services.clue_service.detection.functions import MODELS
from services.clue_service.detection.hits import Hit
from services.clue_service.detection.processes import ProcessLost
from services.clue_service.intake.hour_file import HourFile
from services.clue_service.intake.tables import ENDINGS, RowError, Table, declared, file_of, read_table

app = typer.Typer(help="运行线索规则 / Run the detection rules", invoke_without_command=True)
_REFUSED = 2
_SHOWN = 20
ERROR_FIELDS = ("file", "sheet", "row", "column", "code", "zh", "en")
ReplayOption = Annotated[
    str | None,
    typer.Option(
        "--replay",
        metavar="CLUE",
        help="按冻结切片复核线索：clue:<编号>、文件夹或 ZIP / judge a clue's frozen slices again",
    ),
]


def line(hit: Hit, rule: Rule, kept: Path | None = None) -> dict[str, Any]:
    """A hit as one JSON object; times are local wall time as in the tables. Slice, chart and record go to `kept`."""
    frozen = freeze(hit, rule)
    if kept is not None:
        name = f"{hit.rule_id}-{frozen.sha256}"
        (kept / f"{name}.parquet").write_bytes(frozen.parquet)
        (kept / f"{name}.json").write_bytes(orjson.dumps(dict(frozen.record)))
        if frozen.chart:
            (kept / f"{name}.svg").write_text(frozen.chart, encoding="utf-8")
    return {
        "rule_id": hit.rule_id,
        "entity_id": hit.entity_id,
        "from": hit.from_at.replace(tzinfo=None).isoformat(),
        "to": hit.to_at.replace(tzinfo=None).isoformat(),
        "severity": hit.severity,
        "grade": hit.grade,
        "reasons": {language: list(texts) for language, texts in hit.reasons.items()},
        "pollutant": hit.pollutant,
        "evidence": dict(frozen.record),
    }


@app.callback()
def detect(
    source: Annotated[
        Path | None, typer.Option("--input", metavar="DIRECTORY", help="表文件夹 / folder of tables")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="命中，每行一个 JSON / hits, one JSON object a line")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="在标准输出打印摘要 JSON / print a summary as JSON")] = False,
    only: Annotated[list[str] | None, typer.Option("--rule", help="只运行这些规则 / only these rules")] = None,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", metavar="DIRECTORY", help="切片、图和记录存入 / keep slices, charts, records here"),
    ] = None,
    again: ReplayOption = None,
) -> None:
    """对文件夹中的表运行规则，写出命中；或复核一条线索 / Run the rules over tables, or judge a clue again."""
    if again is not None:
        importlib.import_module("scripts.replay_cli").run(again, as_json=as_json)  # opens the room: only when asked
    err = Console(stderr=True)
    if source is None or output is None:
        raise _refused(err, "请给出 --input 和 --output，或 --replay / give --input and --output, or --replay")
    rules = [rule for rule in current(load()) if rule.id in MODELS and (not only or rule.id in only)]
    if not rules or set(only or ()) - {rule.id for rule in rules}:
        unknown = ", ".join(sorted(set(only or ()) - {rule.id for rule in rules}))
        raise _refused(err, f"没有可运行的规则 {unknown} / no rule to run {unknown}")
    with _using("读取", "read", source, err):
        large, found, unread = _read(source, err)
    if not found and large is None:
        raise _refused(err, f"{source} 中没有可识别的表 / no table known in {source}")
    with _using("写入", "write", output, err):  # before the rules run: nobody waits an hour to hear it
        _make_way(output, evidence)
    tables: dict[str, pl.DataFrame] = {name: table.frame for name, table in found.items()}
    shown = track(rules, description="规则 / rules", console=err, disable=not err.is_terminal)
    with _using("读取", "read", source, err):  # a large file is read while the rules run
        result = run(tables, shown, hours=large, processes=os.cpu_count() or 1)
    with _using("写入", "write", output, err):
        _write(result.hits, {rule.id: rule for rule in rules}, output, evidence)
    if large is not None:
        found["obs_hour"] = Table(pl.DataFrame(), tuple(large.errors), large.notes, error_count=large.error_count)
    _report(result, found, as_json, unknown=unread)


def _refused(err: Console, words: str) -> typer.Exit:
    """Say in both languages what is wrong with what was asked; the caller raises what this returns."""
    err.print(words, soft_wrap=True, markup=False, highlight=False)
    return typer.Exit(_REFUSED)


@contextmanager
def _using(zh: str, en: str, path: Path, err: Console) -> Iterator[None]:
    """Refuse what the system does not let us read or write, naming the very file it spoke of."""
    try:
        yield
    except OSError as wrong:
        named, reason = wrong.filename or path, wrong.strerror or wrong
        raise _refused(err, f"无法{zh} {named}：{reason} / cannot {en} {named}: {reason}") from wrong
    except ProcessLost as lost:
        words = (
            "一个计算进程被终止（可能内存不足），未写出结果 / a process was killed (out of memory?); nothing is written"
        )
        raise _refused(err, words) from lost


def _write(hits: Sequence[Hit], rules: Mapping[str, Rule], output: Path, evidence: Path | None) -> None:
    output.write_bytes(b"".join(orjson.dumps(line(hit, rules[hit.rule_id], evidence)) + b"\n" for hit in hits))


def _make_way(output: Path, evidence: Path | None) -> None:
    """Make the folders and see that both places can be written; what stands in the output stays until the end."""
    for folder in filter(None, (output.parent, evidence)):
        folder.mkdir(parents=True, exist_ok=True)
    with output.open("ab"):
        pass
    if evidence is not None:
        with NamedTemporaryFile(dir=evidence):
            pass


def _read(source: Path, err: Console) -> tuple[HourFile | None, dict[str, Table], list[str]]:
    """The hours where they are read in parts, every other table of the folder, and the files nobody reads."""
    unread = _unknown(source)
    large = HourFile.of(source / "obs_hour.parquet")
    found = {}
    wanted = [name for name in declared() if large is None or name != "obs_hour"]
    for name in track(wanted, description="读表 / tables", console=err, disable=not err.is_terminal):
        path = file_of(source, name)
        if path is not None:
            found[name] = read_table(name, path)
    return large, found, unread


def _unknown(source: Path) -> list[str]:
    """Tables of the folder that nobody reads: none of that name is declared, or another file of it comes first."""
    read = {file_of(source, name) for name in declared()}
    return sorted(path.name for path in source.iterdir() if path.suffix[1:] in ENDINGS and path not in read)


def _report(result: Run, found: dict[str, Table], as_json: bool, *, unknown: list[str]) -> None:
    """The summary: on standard output as JSON when asked for, else for a reader on standard error."""
    errors = [error for table in found.values() for error in table.errors]
    if as_json:
        summary = {
            "hits": len(result.hits),
            "not_evaluable": result.not_evaluable,
            "errors": [{field: getattr(one, field) for field in ERROR_FIELDS} for one in errors],
            "error_count": {name: table.error_count for name, table in found.items() if table.error_count},
            "unknown_files": unknown,
            "notes": {name: [dict(note) for note in table.notes] for name, table in found.items() if table.notes},
        }
        sys.stdout.buffer.write(orjson.dumps(summary) + b"\n")
        return
    err = Console(stderr=True)
    err.print(f"命中 {len(result.hits)} 条 / {len(result.hits)} hits")
    for rule_id, counts in result.not_evaluable.items():
        if counts:
            listed = ", ".join(f"{name} {count}" for name, count in counts.items())
            err.print(f"{rule_id} 不可评估 / not evaluable: {listed}")
    for name, table in found.items():
        for note in table.notes:
            err.print(f"{name}：{note['zh']} / {name}: {note['en']}", soft_wrap=True)
    for file in unknown:
        err.print(f"未读取 {file} / {file} was not read", soft_wrap=True)
    for error in errors[:_SHOWN]:
        err.print(f"{_where(error)} 第 {error.row} 行 {error.column}：{error.zh} / row {error.row}: {error.en}")
    more = sum(table.error_count for table in found.values()) - len(errors[:_SHOWN])
    if more > 0:
        err.print(f"另有 {more} 处错误 / {more} more errors")


def _where(error: RowError) -> str:
    return f"{error.file}“{error.sheet}”" if error.sheet else error.file


if __name__ == "__main__":
    app()
