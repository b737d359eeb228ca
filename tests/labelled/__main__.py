"""`python -m tests.labelled`: make the labelled set, run the rules, print the numbers, write the report."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from tests.labelled.hourly.cast import FULL, REDUCED
from tests.labelled.judgements import judgements
from tests.labelled.labels import STRENGTHS
from tests.labelled.report import report, share
from tests.labelled.runner import SEED, Outcome, labelled, untouched
from tests.labelled.score import RULES, wilson

REPORT = Path(__file__).resolve().parents[2] / "docs" / "detection-report.md"


def main(
    output: Annotated[Path | None, typer.Option(help="保留表的文件夹 / folder in which the tables stay")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON / print JSON")] = False,
    seed: Annotated[int, typer.Option(help="随机种子 / seed")] = SEED,
    reduced: Annotated[bool, typer.Option("--reduced", help="小集,不写报告 / small set, writes no report")] = False,
) -> None:
    """生成带标签的序列,运行规则,比对,写出报告 / Make labelled series, run the rules, compare, write the report."""
    with TemporaryDirectory() as temporary:
        folder = output or Path(temporary)
        size = REDUCED if reduced else FULL
        outcome = labelled(folder / "labelled", size, seed)
        if not reduced:
            text = report(outcome, untouched(folder / "real", seed), judgements(), size)
            REPORT.write_text(text, encoding="utf-8")
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(outcome.as_dict(), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        Console().print(_shown(outcome))


def _shown(outcome: Outcome) -> Table:
    shown = Table(*("规则", *STRENGTHS, "real", "right", "false", "precision", "Wilson 95 %", "false alarms by name"))
    for rule in RULES:
        tally = outcome.tallies[rule]
        if rule not in outcome.detected.rules:
            shown.add_row(rule, "未实现 / not there")
            continue
        found = [f"{tally.found[one]}/{tally.labelled[one]}" for one in (*STRENGTHS, "real")]
        low, high = wilson(tally.true_hits, tally.true_hits + tally.false_hits)
        named = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.false_by.items()))
        numbers = (str(tally.true_hits), str(tally.false_hits), share(tally.precision), f"{low:.2f}-{high:.2f}")
        shown.add_row(rule, *found, *numbers, named)
    return shown


if __name__ == "__main__":
    typer.run(main)
