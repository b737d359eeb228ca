"""The console's texts: in both languages, none in the templates, a label for every field and a way for every step."""

import re

from gateway.console import published, words
from gateway.console.published import FIRST, PATHS, body_of
from gateway.console.subjects import DETAILS
from shared.rules import catalogue

TEMPLATES = sorted((words.FILE.parent / "templates").glob("*.html"))
KEY = re.compile(r"\bt\('([a-z_0-9.]+)'(?=[,)])")
CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<!DOCTYPE html>|<[^>]*>|&[a-z]+;", re.DOTALL)
PLACE = re.compile(r"\{\w+\}")
HAN = re.compile(r"[\u3400-\u9fff]")
SUBJECTS = {"clues": "clue", "cases": "case", "conferences": "conference", "referrals": "referral"}
SUBJECTS |= {"complaints": "complaint", "operations": "operation", "linkages": "linkage"}


def test_every_text_is_said_in_both_languages():
    for key, said in words.texts().items():
        assert set(said) == {"zh", "en"}, key
        assert all(isinstance(text, str) and text for text in said.values()), key
        assert set(re.findall(r"\{(\w+)\}", said["zh"])) == set(re.findall(r"\{(\w+)\}", said["en"])), key


def test_chinese_is_chinese_and_english_is_english():
    both = {"language.zh", "language.en", "evidence.sha256", "desk.seal"}
    for key, said in words.texts().items():
        assert key in both or HAN.search(said["zh"]) or not re.search("[A-Za-z]{3}", PLACE.sub("", said["zh"])), key
        assert key in both or not HAN.search(said["en"]), key


def test_templates_say_nothing_by_themselves():
    for template in TEMPLATES:
        text = template.read_text(encoding="utf-8")
        bare = CODE.sub(" ", re.sub(r"\{[%{].*?[%}]\}", " ", text, flags=re.DOTALL))
        assert not re.search(r"[A-Za-z]{2,}", bare), (template.name, re.findall(r"[A-Za-z]{2,}", bare))
        assert not HAN.search(text), template.name


def test_every_text_a_template_asks_for_is_there():
    asked = {key for template in TEMPLATES for key in KEY.findall(template.read_text(encoding="utf-8"))}
    assert asked
    assert asked <= set(words.texts())


FAMILIES = {
    "act",
    "document",
    "begin",
    "board",
    "clock",
    "complaint",
    "conference",
    "drill",
    "entry",
    "exhibit",
    "field",
    "figures",
    "hint",
    "invalid",
    "item",
    "law",
    "level",
    "member",
    "moved",
    "nav",
    "operation",
    "party",
    "penalty",
    "requirement",
    "room",
    "rule",
    "step",
    "subject",
    "term_unit",
    "timeliness",
    "unit",
    "van",
    "value",
    "verdict",
    "weekday",
}
"""What stands before the dot of keys that pages put together."""


def test_no_text_is_without_use():
    folder = words.FILE.parent
    sources = [*TEMPLATES, *folder.glob("*.py"), *folder.glob("routes/*.py")]
    written = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    for key in words.texts():
        assert key in written or key.partition(".")[0] in FAMILIES, key


def test_every_field_of_every_step_has_a_label():
    known = set(words.texts())
    for kind, steps in PATHS.items():
        for step in [*steps, FIRST.get(kind, "")]:
            schema = body_of(kind, step)
            for name, one in (schema or {}).get("properties", {}).items():
                assert f"field.{name}" in known, (kind, step, name)
                for value in published.resolved(one).get("enum", ()):
                    assert f"value.{value}" in known, (kind, step, value)
        for name in DETAILS[kind].split():
            assert f"field.{name}" in known, (kind, name)


def test_every_step_an_officer_may_take_has_a_way():
    fields = catalogue.default().step_fields
    for versions in catalogue.default().procedures.values():
        procedure = versions[-1]
        kind = next((plural for plural, one in SUBJECTS.items() if one == procedure.subject), None)
        for step in procedure.steps.values() if kind and not procedure.parties else ():
            by_people = (
                any(actor.relation != "system" for actor in step.by) and procedure.initial not in step.from_states
            )
            if kind and by_people:
                is_data = kind == "cases" and all(name in fields for name in step.body_fields)
                assert body_of(kind, step.id) is not None or is_data, (kind, step.id)


def test_every_way_leads_from_a_step():
    for kind, steps in PATHS.items():
        known = {
            step
            for versions in catalogue.default().procedures.values()
            for version in versions
            if version.subject == SUBJECTS[kind]
            for step in version.steps
        }
        assert set(steps) <= known


def test_every_unit_and_every_state_is_said():
    held = catalogue.default()
    units = {one.unit for one in held.fields.values() if one.unit}
    assert {f"unit.{unit}" for unit in units} <= set(words.texts())
    units = {version.unit for versions in held.terms.values() for version in versions}
    assert {f"term_unit.{unit}" for unit in units} <= set(words.texts())
