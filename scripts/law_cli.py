"""Command line for the law: compute a date, evaluate the standards, check worked examples, show an entry."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from scripts import law_examples
from shared.config import Settings
from shared.rules import calendar as calendars
from shared.rules import catalogue as catalogues
from shared.rules.calendar import SHANGHAI, CalendarError
from shared.rules.changes import changes
from shared.rules.packing import PackRefused, pack, unpack
from shared.rules.standards import Fact, Verdict, evaluate_all
from shared.rules.terms import Due, Extension, Pause, due

app = typer.Typer(no_args_is_help=True, help="法规数据:期限、标准、例子 / The law: terms, standards, examples")
_REFUSED = 2


@app.command("check-examples")
def check_examples(file: Path) -> None:
    """重算期限例子并列出不符者 / Recompute worked examples and list those that differ; exit 1 when one does."""
    try:
        examples = law_examples.read(file)
    except law_examples.Malformed as problem:
        print(f"FAIL {problem}")
        print("0 passed, 1 failed")
        raise typer.Exit(1) from problem
    passed = failed = 0
    for checked in law_examples.check(examples, catalogues.default(), calendars.default()):
        for warning in checked.warnings:
            print(f"WARN {checked.id}: {warning}")
        for difference in checked.problems:
            print(f"FAIL {checked.id}: {difference}")
        failed += bool(checked.problems)
        passed += not checked.problems
    print(f"{passed} passed, {failed} failed")
    if failed:
        raise typer.Exit(1)


@app.command("evaluate")
def evaluate(
    facts: Annotated[Path, typer.Option(help="事实 JSON 文件 / JSON file of facts")],
    on: Annotated[str, typer.Option(help="行为发生日期 / day of the conduct, YYYY-MM-DD")],
    target: Annotated[str | None, typer.Option(help="移送对象或类别 / agency kind or category")] = None,
) -> None:
    """按事实评估当日有效的移送标准 / Evaluate the standards in force on the day of the conduct; prints JSON."""
    law = catalogues.default()
    known = _facts(facts)
    for name in sorted(set(known) - set(law.fields)):
        print(f"提示:目录中没有事实 {name} / note: no standard asks for the fact '{name}'", file=sys.stderr)
    verdicts = evaluate_all(law, known, _day(on, "--on"), target)
    print(json.dumps([_verdict(verdict) for verdict in verdicts], ensure_ascii=False, indent=2))


@app.command("due")
def due_date(
    term: Annotated[str, typer.Option(help="期限标识 / id of the term")],
    start: Annotated[str, typer.Option(help="起算时刻 ISO 8601 / start, ISO 8601")],
    pause: Annotated[list[str] | None, typer.Option(help="中止 起:止 / pause from:to (to may be empty)")] = None,
    extend: Annotated[list[str] | None, typer.Option(help="延长 数量:单位 / extension n:unit")] = None,
    end: Annotated[str | None, typer.Option(help="终止事件日期(计日) / end event, for day counts")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """计算期限届满日及理由 / Compute when a term lapses, and because of what."""
    moment = _moment(start)
    try:
        found = catalogues.default().term(term, on=moment.astimezone(SHANGHAI).date())
        computed = due(
            found,
            moment,
            calendar=calendars.default(),
            pauses=[_pause(text) for text in pause or ()],
            extensions=[_extension(text, found.unit) for text in extend or ()],
            end_on=_day(end, "--end") if end else None,
        )
    except (LookupError, CalendarError, OverflowError, ValueError) as problem:
        _refuse(str(problem.args[0]), str(problem.args[0]))
    print(json.dumps(_due(computed), ensure_ascii=False, indent=2) if as_json else _due_text(computed))


@app.command("show")
def show(id: str, on: Annotated[str | None, typer.Option(help="日期 / day, YYYY-MM-DD")] = None) -> None:
    """显示一个条目(当日有效的版本) / Show an entry as it stands on a day; prints JSON."""
    law = catalogues.default()
    day = _day(on, "--on") if on else None
    for shelf, lookup in (
        (law.terms, law.term),
        (law.standards, law.standard),
        (law.procedures, law.procedure),
        (law.requirements, law.requirement_set),
    ):
        if id in shelf:
            try:
                print(json.dumps(asdict(lookup(id, day)), ensure_ascii=False, indent=2, default=str))
            except LookupError as problem:
                _refuse(str(problem), str(problem))
            return
    for entries in (law.instruments, law.agencies, law.roles, law.fields, law.notices):
        if id in entries:
            print(json.dumps(asdict(entries[id]), ensure_ascii=False, indent=2, default=str))
            return
    _refuse(f"没有条目 {id}", f"no entry '{id}'")


@app.command("diff")
def diff(
    since: Annotated[str, typer.Option(help="较早日期 / the law of this day, YYYY-MM-DD")],
    until: Annotated[str, typer.Option(help="较晚日期 / compared with this one, YYYY-MM-DD")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """比较两个日期的法规 / Tell what changed in the law between two days."""
    found = changes(catalogues.default(), _day(since, "--since"), _day(until, "--until"))
    if as_json:
        print(json.dumps([asdict(change) for change in found], ensure_ascii=False, default=str, indent=2))
        return
    for one in found:
        after = f" → {one.superseded_by}" if one.superseded_by else ""
        parts = f" ({', '.join(one.parts)})" if one.parts else ""
        print(f"{one.what:<8} {one.kind:<13} {one.id}{after}{parts}  {one.cite.zh}  {one.name_zh}")
    print(f"{len(found)} 处变化 / changes")


@app.command("export")
def export(file: Path) -> None:
    """导出法规目录为一个文件,打印摘要 / Pack the catalogue into one file and print its digest."""
    folder = Settings().law_folder
    print(pack(file, folder) if folder else pack(file))


@app.command("import")
def import_law(
    file: Path,
    into: Annotated[Path, typer.Option(help="新文件夹,随后设为 LIANQIN_LAW_FOLDER / a new folder")],
) -> None:
    """核对并展开法规目录 / Check a packed catalogue and unpack it into a new folder."""
    try:
        held = Settings().law_folder
        found = unpack(file, into, current=catalogues.load(held) if held else catalogues.default())
    except PackRefused as refused:
        zh, _, en = str(refused).partition(" / ")
        _refuse(zh, en)
    print(f"{found.digest}\n设置 LIANQIN_LAW_FOLDER={into} 后重启 / set it and restart")


def _facts(file: Path) -> dict[str, Fact]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        _refuse(f"无法读取 {file}", f"cannot read {file}: {problem}")
    except (json.JSONDecodeError, RecursionError) as problem:
        _refuse(f"{file} 不是有效的 JSON", f"{file} is not valid JSON: {problem}")
    if isinstance(content, dict) and set(content) == {"facts"}:
        content = content["facts"]
    if not isinstance(content, dict):
        _refuse("事实应为对象:名称 → 值", "the facts must be an object: name to value")
    return {name: _fact(name, given) for name, given in content.items()}


def _fact(name: str, given: Any) -> Fact:
    if not isinstance(given, dict):
        return Fact(name, given)
    if "value" not in given or not set(given) <= {"value", "unit", "evidence"}:
        _refuse(f"事实 {name} 应写 value、unit、evidence", f"the fact '{name}' takes value, unit and evidence")
    unit, evidence = given.get("unit"), given.get("evidence") or []
    if unit is not None and not isinstance(unit, str):
        _refuse(f"事实 {name} 的 unit 应为文字", f"the unit of the fact '{name}' must be text")
    if not isinstance(evidence, list):
        _refuse(f"事实 {name} 的 evidence 应为列表", f"the evidence of the fact '{name}' must be a list")
    if isinstance(given["value"], dict):
        _refuse(f"事实 {name} 的 value 不能是对象", f"the value of the fact '{name}' cannot be an object")
    return Fact(name, given["value"], unit, tuple(str(item) for item in evidence))


def _verdict(verdict: Verdict) -> dict[str, Any]:
    said = asdict(verdict)
    said["cite"] |= {"zh": verdict.cite.zh, "en": verdict.cite.en}
    return said | {"citation": verdict.cite.zh}


def _due(computed: Due) -> dict[str, Any]:
    said = asdict(computed) | {"cite": None}
    if computed.cite is not None:
        said["cite"] = asdict(computed.cite) | {"zh": computed.cite.zh, "en": computed.cite.en}
    if computed.at is not None or computed.on is not None:
        said["lapses_at"] = computed.lapses_at(SHANGHAI).isoformat()
    for key in ("on", "at", "unrolled_on"):
        said[key] = said[key].isoformat() if said[key] is not None else None
    said["because"] = [
        {"code": step.code, "zh": step.zh, "en": step.en, "on": _iso(step.on)} for step in computed.because
    ]
    return said


def _due_text(computed: Due) -> str:
    result = computed.at.isoformat() if computed.at else str(computed.on) if computed.on else "-"
    if computed.day_count is not None:
        result = f"{computed.day_count} 日 / days"
    lines = [result, *(f"- {step.zh} / {step.en}" for step in computed.because)]
    if computed.cite is not None:
        lines.append(f"{computed.cite.zh} / {computed.cite.en}")
    return "\n".join(lines)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        _refuse(f"{name} 应为 YYYY-MM-DD 日期,而不是 {text}", f"{name} must be a date YYYY-MM-DD, not {text}")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        _refuse(f"--start 不是 ISO 8601 时刻:{text}", f"--start is not an ISO 8601 moment: {text}")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=SHANGHAI)


def _pause(text: str) -> Pause:
    first, _, last = text.partition(":")
    return Pause(_day(first, "--pause"), _day(last, "--pause") if last else None)


def _extension(text: str, unit: str) -> Extension:
    amount, _, given = text.partition(":")
    if not amount.isdigit():
        _refuse(f"--extend 应为 数量:单位,而不是 {text}", f"--extend must be n:unit, not {text}")
    return Extension(int(amount), given or unit)


def _refuse(zh: str, en: str) -> NoReturn:
    print("\n".join(_unique((zh, en))), file=sys.stderr)
    raise typer.Exit(_REFUSED)


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))
