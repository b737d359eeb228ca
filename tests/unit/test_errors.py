"""The tree of refusals: every one documented, told apart, bilingual, and of one shape."""

import re
from pathlib import Path

import orjson
import pytest

from scripts.docs_errors import PAGE, main, page
from shared import errors
from shared.errors import LianqinError, Text, all_errors
from shared.web.problems import MEDIA_TYPE, PROBLEM_SCHEMA, answer, language_of, problem

TREE = all_errors()


def test_codes_are_unique_and_in_kebab_case() -> None:
    codes = [refusal.code() for refusal in TREE]
    assert len(set(codes)) == len(codes) > 15
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_the_drawing_at_the_top_shows_the_tree() -> None:
    drawn = dict(re.findall(r"─ (\w+)\s+(\d{3})", str(errors.__doc__)))
    told = {refusal.__name__: str(refusal.status) for refusal in TREE if refusal is not LianqinError}
    assert drawn.items() <= told.items()
    assert set(told) - set(drawn) <= {"MethodNotAllowed"}


@pytest.mark.parametrize("refusal", TREE, ids=lambda refusal: refusal.code())
class TestEach:
    def test_speaks_both_languages(self, refusal: type[LianqinError]) -> None:
        for text in (refusal.title, refusal.next_step):
            assert re.search(r"[\u4e00-\u9fff]", text.zh)
            assert text.en
            assert not re.search(r"[\u4e00-\u9fff]", text.en)

    def test_has_the_one_shape(self, refusal: type[LianqinError]) -> None:
        for language in ("zh", "en"):
            document = problem(refusal(), language, "/v1/x")
            assert set(PROBLEM_SCHEMA["required"]) <= set(document)
            assert document["type"] == f"/docs/errors#{refusal.code()}"
            assert document["status"] == refusal.status
            assert 400 <= refusal.status < 600

    def test_is_on_the_page(self, refusal: type[LianqinError]) -> None:
        assert f"\n## {refusal.code()}\n" in PAGE.read_text(encoding="utf-8")


def test_the_page_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
    assert main(["--check"]) == 0


def test_a_stale_page_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = tmp_path / "errors.md"
    stale.write_text("old", encoding="utf-8")
    monkeypatch.setattr("scripts.docs_errors.PAGE", stale)
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0


def test_extra_texts_are_said_in_one_language() -> None:
    refusal = errors.StepRefused(Text("因为", "because"), reasons=[{"code": "x", "zh": "甲", "en": "A"}], limit=5)
    said = orjson.loads(answer(refusal, language="en").body)
    assert (said["detail"], said["reasons"], said["limit"]) == ("because", [{"code": "x", "text": "A"}], 5)
    assert answer(refusal, language="en").media_type == MEDIA_TYPE


def test_waiting_is_said_in_the_header() -> None:
    assert answer(errors.TooManyRequests(retry_after=7), language="zh").headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("en", "en"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr, de", "zh"),
        ("en;q=0.5, zh;q=0.5", "zh"),
        ("en;q=nonsense", "zh"),
        ("EN;q=1, zh;q=0.1", "en"),
    ],
)
def test_language(header: str | None, language: str) -> None:
    assert language_of(header) == language
