"""The rules of detection as officers read them: by direction, each with its sets, shares with intervals, and chain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.console.entry import Visit
from gateway.console.navigation import is_of_bureau
from gateway.console.telling import read, told

TUNERS = frozenset({"agency_head", "clue_officer"})
"""Roles whose people are offered the steps; the room asks again when one is taken."""
WIDTH = 100.0
TRIED = "rule.back_tested"
Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the verified with its 95 % interval: in words, and in user units of a bar that is `WIDTH` long."""

    text: str
    interval: str
    counted: str
    place: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class May:
    """What the reader is offered to do with a rule."""

    propose: bool
    decide: bool
    """Activate, withdraw, observe, retire."""
    try_out: bool


def may_tune(visit: Visit) -> bool:
    """Whether the reader tries sets out and exchanges packs."""
    return is_of_bureau(visit.by) and bool(visit.by.roles & TUNERS)


def may(visit: Visit, rule: Rule) -> May:
    """Return what the reader is offered to do with a rule."""
    tunes = may_tune(visit)
    return May(tunes and rule["owner"] in _superiors(visit), tunes and rule["owner"] == visit.by.agency, tunes)


def forms_offered(may: May, trials: Iterable[Rule]) -> set[str]:
    """Return the forms a rule's page has for this reader, so that a refusal is shown beside its own, else on top."""
    found = {"propose"} if may.propose else set()
    found |= {"back_test"} if may.try_out else set()
    found |= {"observe", "retire"} if may.decide else set()
    for one in trials:
        found |= {f"activate-{one['id']}"} if may.decide and not one["is_own"] else set()
        found |= {f"withdraw-{one['id']}"} if may.decide or one["is_own"] else set()
    return found


def _superiors(visit: Visit) -> list[str]:
    """Return the reader's agency and those above it."""
    found = [visit.by.agency]
    while (one := visit.catalogue.agencies.get(found[-1])) and one.superior and one.superior not in found:
        found.append(one.superior)
    return found


def by_direction(visit: Visit, rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """Return the rules under the directions of work they belong to, in the directions' order."""
    found: dict[str, dict[str, Any]] = {}
    for one in rules:
        direction = one["direction"]
        known = found.setdefault(direction["id"], {"id": direction["id"], "rules": []})
        known["name"] = visit.words.part(direction, "")
        known["rules"].append(listed(visit, one))
    return sorted(found.values(), key=lambda one: int(one["id"][1:]))


def listed(visit: Visit, rule: Rule) -> dict[str, Any]:
    """Return a rule as the list shows it."""
    version = _version(rule, rule["version"])
    changed = [one for one in version["parameters"] if rule["values"].get(one["name"]) != one["default"]]
    return {
        "id": rule["rule_id"],
        "name": visit.words.part(rule["name"], ""),
        "status": rule["status"],
        "version": rule["version"],
        "owner": visit.agency(rule["owner"]),
        "tuned": len(changed),
        "trials": len(rule["proposals"]),
        "episodes": rule["episodes_in_shadow"] + sum(one["episodes"] for one in rule["proposals"]),
        "clues": rule["precision"]["clues"],
        "share": share(rule["precision"]),
    }


def shown(visit: Visit, rule: Rule) -> dict[str, Any]:
    """Return a rule as its page shows it: the set in force beside every set on trial, versions, and its chain."""
    version = _version(rule, rule["version"])
    trials = [_trial(visit, one) for one in rule["proposals"]]
    return listed(visit, rule) | {
        "direction": f"{rule['direction']['id']} {visit.words.part(rule['direction'], '')}",
        "since": rule["since_at"],
        "digest": rule["digest"],
        "sets": table(visit, version["parameters"], [rule["values"], *_whole(rule, rule["proposals"])]),
        "trials": trials,
        "exclusions": [visit.words.part(one, "") for one in version["exclusions"]],
        "legal": [visit.words.part(one, "") for one in version["legal"]],
        "versions": [(one["version"], visit.words.part(one["name"], ""), one["signed_by"]) for one in rule["versions"]],
        "lines": chain(visit, rule),
        "tests": tests(visit, rule["entries"]),
        "counts": rule["precision"],
    }


def _version(rule: Rule, number: int) -> Rule:
    found: Rule = next(one for one in rule["versions"] if one["version"] == number)
    return found


def _whole(rule: Rule, proposals: Sequence[Rule]) -> list[dict[str, float]]:
    """Return every value of each proposal: what it does not name is its version's default."""
    return [
        {one["name"]: proposal["parameters"].get(one["name"], one["default"]) for one in version["parameters"]}
        for proposal in proposals
        for version in [_version(rule, proposal["version"])]
    ]


def table(visit: Visit, parameters: Sequence[Rule], sets: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
    """Return a row per parameter: name, unit, range, default, and its value in each set (whether it differs)."""
    first = sets[0] if sets else {}
    return [
        {
            "id": one["name"],
            "name": visit.words.part(one, "", one["name"]),
            "unit": unit(one["unit"]),
            "range": f"{number(one['least'])} – {number(one['most'])}",
            "least": number(one["least"]),
            "most": number(one["most"]),
            "default": number(one["default"]),
            "values": [
                (number(values.get(one["name"])), _differs(values.get(one["name"]), first.get(one["name"]), one, index))
                for index, values in enumerate(sets)
            ],
        }
        for one in parameters
    ]


def _differs(value: float | None, in_force: float | None, parameter: Rule, index: int) -> bool:
    """Whether a value is to be marked: of the set in force against the default, of others against the set in force."""
    return value != (parameter["default"] if index == 0 else in_force)


def _trial(visit: Visit, one: Rule) -> dict[str, Any]:
    return {
        **one,
        "agency_name": visit.agency(one["agency"]),
        "is_own": (one["agency"], one["actor"]) == (visit.by.agency, visit.by.actor),
    }


def share(figures: Rule) -> Share | None:
    """Return the precision of verified clues with its interval; None while nothing is verified."""
    if figures["precision"] is None:
        return None
    least, most = figures["interval"]
    counted = f"{figures['confirmed']} / {figures['verified']}" if "verified" in figures else ""
    return Share(
        text=percent(figures["precision"]),
        interval=f"{percent(least)} – {percent(most)}",
        counted=counted,
        place=round(figures["precision"] * WIDTH, 1),
        least=round(least * WIDTH, 1),
        most=round(most * WIDTH, 1),
    )


def parts(visit: Visit, precision: Rule) -> list[tuple[str, list[tuple[str, Rule, Share | None]]]]:
    """Return the figures by bureau, industry and month, as (by what, rows)."""
    ways = {"city": "by_city", "industry": "by_industry", "month": "by_month"}
    return [
        (way, [(_of(visit, way, one["of"]), one, share(one)) for one in precision[name]])
        for way, name in ways.items()
        if precision[name]
    ]


def _of(visit: Visit, way: str, key: str) -> str:
    if way == "city":
        return visit.agency(key)
    return key or visit.words("figures.unnamed")


def chain(visit: Visit, rule: Rule) -> list[dict[str, Any]]:
    """Return what was done with a rule, the latest first: who, when, why, and each value before and after."""
    names = {
        one["name"]: visit.words.part(one, "", one["name"])
        for version in rule["versions"]
        for one in version["parameters"]
    }
    lines = []
    for line, entry in zip(told(visit, rule["entries"]), rule["entries"], strict=True):
        data = read(entry).get("data") or {}
        lines.append(line | {"reasons": data.get("reasons", ""), "changes": _changes(names, data)})
    return lines[::-1]


def _changes(names: Mapping[str, str], data: Rule) -> list[tuple[str, str, str]]:
    """Return what an entry says of parameters, as (name, before, after)."""
    found = []
    for name, value in (data.get("parameters") or {}).items():
        before, after = value if isinstance(value, list) else (None, value)
        found.append((names.get(name, name), number(before), number(after)))
    return found


def tests(visit: Visit, entries: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return the back-tests on a rule's chain, the latest first."""
    found = []
    for line, entry in zip(told(visit, entries), entries, strict=True):
        if entry["type"] == TRIED and (data := read(entry).get("data")):
            found.append(line | {"tried": tallied(data), "begin": data["from"], "end": data["to"]})
    return found[::-1]


def tallied(tried: Rule) -> dict[str, Any]:
    """Return a back-test with the shares of both sets."""
    sets = {name: dict(tried[name]) | {"share": _tally_share(tried[name])} for name in ("proposed", "in_force")}
    return dict(tried) | sets


def _tally_share(tally: Rule) -> Share | None:
    return share(dict(tally) | {"verified": tally["confirmed"] + tally["unfounded"]})


def number(value: float | None) -> str:
    """Say a value without needless figures; nothing for none."""
    return "" if value is None else f"{value:g}"


def unit(name: str) -> str:
    """Say a unit; a pure number has none."""
    return "" if name == "1" else name


def percent(value: float) -> str:
    """Say a share in per cent."""
    return f"{100 * value:.1f}%"
