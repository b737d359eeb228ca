"""The commands of `lianqin law`, and the page made from the law, as a reader meets them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from scripts import docs_law
from scripts.law_cli import app
from shared.rules import catalogue

EXAMPLES = Path(__file__).parent / "examples" / "terms.yaml"
EXAMPLE: dict[str, Any] = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))["examples"][2]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def checked(folder: Path, *examples: Any) -> Result:
    file = folder / "examples.yaml"
    file.write_text(yaml.safe_dump({"examples": list(examples)}, allow_unicode=True), encoding="utf-8")
    return run("check-examples", str(file))


def test_sound_examples_pass() -> None:
    result = run("check-examples", str(EXAMPLES))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "60 passed, 0 failed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"expected_due_date": "2025-03-09"}, "2025-03-09"),
        ({"unrolled_due_date": "2025-03-09"}, "unrolled"),
        ({"start": "spring"}, "ISO 8601"),
        ({"amount": "3"}, "whole number"),
        ({"amount": 10**12}, "beyond"),
        ({"unit": "fortnights"}, "fortnights"),
        ({"computation_profile": "guess"}, "guess"),
        ({"timezone": "Mars/Base"}, "Mars/Base"),
        ({"excluded_intervals": [["2025-03-09", "2025-03-01"]]}, "2025-03-01"),
        ({"extensions": [{"add": 1, "unit": "hours"}]}, "hours"),
        ({"extensions": "30"}, "list"),
        ({"expected_due_date": None, "unrolled_due_date": None}, "nothing expected"),
    ],
)
def test_an_example_that_fails_says_why(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    result = checked(tmp_path, EXAMPLE, EXAMPLE | change)
    assert result.exit_code == 1
    assert words in result.stdout
    assert result.stdout.splitlines()[-1] == "1 passed, 1 failed"


def test_what_is_no_example_fails_too(tmp_path: Path) -> None:
    assert checked(tmp_path, 5, None, "x").stdout.splitlines()[-1] == "0 passed, 3 failed"
    broken = tmp_path / "broken.yaml"
    broken.write_text("examples: [", encoding="utf-8")
    for file in (broken, tmp_path / "nowhere.yaml"):
        result = run("check-examples", str(file))
        assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "0 passed, 1 failed")


def test_a_term_of_its_own_is_noted(tmp_path: Path) -> None:
    result = checked(tmp_path, EXAMPLE | {"amount": 5, "unrolled_due_date": None})
    assert result.exit_code == 0
    assert "WARN" in result.stdout


def evaluated(folder: Path, content: str, on: str = "2026-04-01") -> Result:
    file = folder / "facts.json"
    file.write_text(content, encoding="utf-8")
    return run("evaluate", "--facts", str(file), "--on", on)


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_facts_are_evaluated(tmp_path: Path, is_wrapped: bool) -> None:
    mass = {"value": 3500, "unit": "kilogram", "evidence": ["scale-1"]}
    facts: dict[str, Any] = {"conduct": "dump", "illegal": True, "hazardous_waste_mass": mass}
    result = evaluated(tmp_path, json.dumps({"facts": facts} if is_wrapped else facts))
    assert result.exit_code == 0
    verdicts = {verdict["standard_id"]: verdict for verdict in json.loads(result.stdout)}
    met = verdicts["crim338_hazardous_waste_3t"]
    assert met["outcome"] == "met"
    assert {"name": "hazardous_waste_mass"} | mass in met["facts_used"]
    assert "第一条第(二)项" in met["citation"]
    assert verdicts["crim338_heavy_metal_3x"]["facts_lacking"] == ["pollutant", "exceedance_multiple"]
    assert [note["code"] for note in verdicts["crim229_volume"]["warnings"]] == ["single_source"]


@pytest.mark.parametrize(
    ("content", "on"),
    [
        ("{", "2026-04-01"),
        ("[]", "2026-04-01"),
        ("{}", "yesterday"),
        ('{"conduct": {"valeur": 1}}', "2026-04-01"),
        ('{"conduct": {"value": {}}}', "2026-04-01"),
        ('{"conduct": {"value": 1, "unit": 3}}', "2026-04-01"),
        ('{"conduct": {"value": 1, "evidence": "e"}}', "2026-04-01"),
    ],
)
def test_input_that_cannot_be_read_is_refused_in_both_languages(tmp_path: Path, content: str, on: str) -> None:
    result = evaluated(tmp_path, content, on)
    assert result.exit_code == 2
    zh, en = result.stderr.splitlines()
    assert not zh.isascii()
    assert en.isascii()


def test_a_date_is_computed_with_its_reasons() -> None:
    arguments = ("--term", "mr_case_limit", "--start", "2025-03-03T09:00", "--pause", "2025-03-10:2025-03-28")
    found = json.loads(run("due", *arguments, "--extend", "30:natural_days", "--json").stdout)
    assert (found["on"], found["unrolled_on"]) == ("2025-07-21", "2025-07-19")
    assert [step["code"] for step in found["because"]][2:4] == ["extended", "paused"]
    assert found["cite"]["article"] == "第六十四条"
    assert "《市场监督管理行政处罚程序规定》第六十四条" in run("due", *arguments).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--term", "nothing", "--start", "2025-03-03"),
        ("--term", "fine_payment", "--start", "soon"),
        ("--term", "fine_payment", "--start", "2025-03-03", "--pause", "2025-03-09:2025-03-01"),
        ("--term", "fine_payment", "--start", "2025-03-03", "--extend", "many"),
        ("--term", "fine_payment", "--start", "2025-03-03", "--extend", "3:fortnights"),
        ("--term", "public_security_case_limit", "--start", "2025-03-03"),
    ],
)
def test_a_date_that_cannot_be_computed_is_refused(arguments: tuple[str, ...]) -> None:
    result = run("due", *arguments)
    assert result.exit_code == 2
    assert result.stderr.strip()


def test_entries_are_shown() -> None:
    for id in (
        "fine_payment",
        "crim338_hazardous_waste_3t",
        "clue_handling",
        "police_criminal",
        "eco_code",
        "psb-320500",
    ):
        assert json.loads(run("show", id).stdout)["id"] == id
    assert run("show", "det_epl63_3", "--on", "2026-08-15").exit_code == 2
    assert run("show", "nothing").exit_code == 2


def test_the_page_of_the_law_is_fresh() -> None:
    assert docs_law.PAGE.read_text(encoding="utf-8") == docs_law.law_page(catalogue.default())
