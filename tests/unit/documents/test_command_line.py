"""`lianqin document`, as an operator meets it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from scripts.document_cli import app
from tests.unit.documents.papers import docx_text, pdf_text


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The example of a letter, as a file."""
    file = tmp_path / "letter.json"
    file.write_text(run("example", "transfer_letter").stdout, encoding="utf-8")
    return file


def test_kinds_are_listed_with_their_articles():
    lines = run("kinds").stdout.splitlines()
    assert len(lines) >= 20
    assert any(line.startswith("transfer_letter\t") and "第六条第(一)项" in line for line in lines)


@pytest.mark.parametrize("suffix", ["pdf", "docx"])
def test_a_document_is_printed_from_a_file(data: Path, tmp_path: Path, suffix: str):
    output = tmp_path / f"letter.{suffix}"
    answer = run("render", "transfer_letter", "--data", str(data), "--output", str(output))
    assert answer.exit_code == 0, answer.output
    said = pdf_text(output.read_bytes()) if suffix == "pdf" else docx_text(output.read_bytes())
    assert "案件主办人：张甲、李乙" in said


def test_the_same_file_at_the_same_moment_is_the_same_to_the_byte(data: Path, tmp_path: Path):
    moment = "2026-09-03T15:30:00"
    made = [tmp_path / "one.pdf", tmp_path / "two.pdf"]
    for output in made:
        run("render", "transfer_letter", "--data", str(data), "--output", str(output), "--at", moment)
    assert made[0].read_bytes() == made[1].read_bytes()


def test_a_template_of_ones_own_and_a_draft(data: Path, tmp_path: Path):
    from shared.documents import templates

    own = tmp_path / "own.typ"
    own.write_bytes(
        templates.packaged("transfer_letter", "pdf").replace("请依法审查处理".encode(), "请依法办理".encode())
    )
    output = tmp_path / "letter.pdf"
    given = ["render", "transfer_letter", "--data", str(data), "--output", str(output), "--template", str(own)]
    assert run(*given, "--draft").exit_code == 0
    said = pdf_text(output.read_bytes())
    assert "请依法办理" in said
    assert "草稿" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "poem"}, "no kind of document 'poem'"),
        ({"output": "letter.odt"}, "must be .pdf or .docx"),
        ({"output": "nowhere/letter.pdf"}, "cannot write"),
        ({"data": "nothing.json"}, "cannot read"),
        ({"at": "spring"}, "not an ISO 8601 moment"),
        ({"content": "{"}, "not valid JSON"),
        ({"content": "[]"}, "must be an object"),
        ({"content": '{"fields": []}'}, "must be an object"),
        ({"content": "[" * 100_000}, "not valid JSON"),
        ({"content": '{"fields": {"poem": "x"}}'}, "fields.poem"),
        ({"content": '{"fields": {}}'}, "does not state: referring agency"),
        ({"template": "only words"}, "is missing"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(tmp_path: Path, data: Path, change: dict[str, str], words: str):
    if "content" in change:
        data.write_text(change["content"], encoding="utf-8")
    output = tmp_path / change.get("output", "letter.pdf")
    given = ["render", change.get("kind", "transfer_letter"), "--data", str(tmp_path / change.get("data", data.name))]
    given += ["--output", str(output), "--at", change.get("at", "2026-09-03T15:30:00")]
    if "template" in change:
        (tmp_path / "own.typ").write_text(change["template"], encoding="utf-8")
        given += ["--template", str(tmp_path / "own.typ")]
    answer = run(*given)
    assert answer.exit_code == 2, answer.output
    assert words in answer.output
    assert not output.exists()


def test_an_example_is_what_a_reader_can_change(data: Path):
    assert json.loads(data.read_text(encoding="utf-8"))["fields"]["contact"] == "0512-00000000"
