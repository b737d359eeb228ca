"""The rules as data: what is wrong in a file is named."""

import pytest

from services.clue_service.detection.catalogue import FOLDER, RuleError, current, directions, load
from services.clue_service.detection.functions import MODELS

GOOD = (FOLDER / "r01.yaml").read_text(encoding="utf-8")


def test_every_rule_has_its_function_and_texts():
    rules = load()
    assert {rule_id for rule_id, _ in rules} == set(MODELS)
    for rule in rules.values():
        assert rule.name.zh != rule.name.en
        assert rule.values() == {name: parameter.value for name, parameter in rule.parameters.items()}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("version: 1", "version: 1\nversion: 2", "'version' stands twice"),
        ("version: 1", "version: 1\ncolour: red", "colour"),
        ("owner: 数据研判岗\n", "", "owner"),
        ("status: active", "status: maybe", "status"),
        ("value: 0.40", "value: 4.0", "outside"),
        ("hook: L1", "hook: X1", "hook"),
        ("id: R01", "id: [", "r01.yaml"),
        ("direction: D1", "direction: D99", "no direction D99"),
        ("id: R01", "? [a, b]\n: 1\nid: R01", "a key is no plain word"),
        ("id: R01", "id: R01\x00", "r01.yaml"),
        ("id: R01", "id: " + "[" * 50_000, "r01.yaml"),
    ],
    ids=range(11),
)
def test_mistakes_are_named(tmp_path, old, new, words):
    (tmp_path / "r01.yaml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleError, match=words):
        load(tmp_path)


def test_versions_stand_side_by_side_and_the_newest_is_current(tmp_path):
    (tmp_path / "r01-1.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "r01-2.yaml").write_text(GOOD.replace("version: 1", "version: 2"), encoding="utf-8")
    rules = load(tmp_path)
    assert set(rules) == {("R01", 1), ("R01", 2)}
    assert [rule.version for rule in current(rules)] == [2]
    (tmp_path / "r01-3.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(RuleError, match="stands twice"):
        load(tmp_path)
    retired = GOOD.replace("version: 1", "version: 3").replace("status: active", "status: retired")
    (tmp_path / "r01-3.yaml").write_text(retired, encoding="utf-8")
    assert current(load(tmp_path)) == []


def test_overrides_are_checked():
    rule = load()["R01", 1]
    assert rule.values({"drop": 0.3})["drop"] == 0.3
    for wrong in ({"drop": 5.0}, {"colour": 1.0}):
        with pytest.raises(RuleError):
            rule.values(wrong)


def test_directions_are_data(tmp_path):
    assert list(directions()) == [f"D{number}" for number in range(1, 12)]
    assert (directions()["D5"].zh, directions()["D5"].en) == ("危废产量异常", "Hazardous-waste output out of line")
    for text, words in (
        ("- {id: D1, zh: 甲}", "en"),
        ("- {id: D1, zh: 甲, en: A}\n- {id: D1, zh: 乙, en: B}", "D1 stands twice"),
        ("id: D1", "list of directions"),
    ):
        path = tmp_path / f"{len(text)}.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RuleError, match=words):
            directions(path)
