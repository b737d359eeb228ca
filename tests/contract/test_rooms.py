"""The house itself: import rules, sizes, names, nothing of another place."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.sizes import problems

ROOT = Path(__file__).resolve().parents[2]
SYNONYMS = {
    "outbox": "delivery",
    "attachment": "evidence",
    "ticket": "case",
    "tenant": "agency",
    "sla": "deadline",
    "handover_agency": "referral",
    "whistle": "clue",
    "audit_log": "journal",
}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\n") if name and (ROOT / name).is_file()]


def test_imports_point_down_only():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def test_sizes():
    assert list(problems()) == []


@pytest.mark.parametrize(
    ("pattern", "forbidden"),
    [
        ("services/*/*/routes.py", "sqlalchemy"),
        ("services/*/*/commands.py", "fastapi"),
        ("services/*/*/queries.py", "fastapi"),
        ("services/*/*/models.py", "fastapi"),
        ("shared/records/*.py", "fastapi"),
    ],
)
def test_parts_import_only_what_is_theirs(pattern, forbidden):
    found = tracked(pattern)
    assert found
    for path in found:
        names = {name for node in ast.walk(ast.parse(path.read_text())) for name in imported(node)}
        assert not {name for name in names if name.split(".")[0] == forbidden}, path


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_one_english_word_per_idea():
    for path in tracked("shared/*.py", "services/*.py", "gateway/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                wrong = [word for word in SYNONYMS if word in node.name.lower().split("_")]
                assert not wrong, f"{path}: {node.name}: say {SYNONYMS[wrong[0]]}"


def test_nothing_of_another_place_is_carried():
    places = re.compile(r"(?<![\w/.])/(?:work|root|home/\w+)/|pypi\.org|registry\.npmjs|deb\.debian")
    for path in tracked("*.py", "*.yaml", "*.yml", "*.toml", "*.lock", "*.md", "Makefile", "Dockerfile", ".ci/run"):
        assert path.name == "test_rooms.py" or not places.search(path.read_text()), path
