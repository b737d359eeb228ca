"""Who takes part in a matter between agencies: named by the opener, or found by level and division."""

from collections.abc import Iterable, Mapping

from shared.errors import BodyInvalid, Text
from shared.identity import Principal
from shared.records.room import Room
from shared.rules.entries import Agency
from shared.rules.procedure_entries import Appointment, PartyRule, Procedure

Parties = dict[str, list[str]]


def named(room: Room, procedure: Procedure, owner: Agency, given: Mapping[str, list[str]]) -> Parties:
    """Return every relation's agencies. Raises BodyInvalid for one that is missing, unknown or of the wrong kind."""
    foreign = sorted(set(given) - set(procedure.parties))
    if foreign:
        zh, en = f"该程序没有参与方 {foreign[0]}", f"The procedure has no party '{foreign[0]}'"
        raise _refused(f"parties.{foreign[0]}", "unknown_relation", zh, en)
    found: Parties = {}
    for relation, rule in procedure.parties.items():
        agencies = list(given.get(relation, ())) or _by_default(room, rule, owner)
        for agency in agencies:
            _check(room, relation, rule, owner, agency)
        if agencies:
            found[relation] = agencies
        elif rule.required:
            zh, en = f"须指明参与方 {relation}", f"name the agency for '{relation}'"
            raise _refused(f"parties.{relation}", "missing", zh, en)
    return found


def at_once(procedure: Procedure, takes_part: Parties) -> Parties:
    """Return those who see the subject from its beginning."""
    return {
        name: takes_part[name] for name, rule in procedure.parties.items() if rule.from_start and name in takes_part
    }


def superiors(room: Room, agencies: Iterable[str]) -> list[str]:
    """Return the agencies above these: they may watch what their subordinates were sent."""
    known = (room.catalogue.agencies.get(agency) for agency in agencies)
    return list(dict.fromkeys(one.superior for one in known if one is not None and one.superior))


def competent_bureau(room: Room, division: str) -> str:
    """Return the environment bureau of a division, or of the city it lies in. Raises BodyInvalid for an unknown one."""
    for code in (division, division[:4] + "00", division[:2] + "0000"):
        agency = f"eea-{code}"
        if agency in room.catalogue.agencies:
            return agency
    zh, en = f"没有负责行政区划 {division} 的生态环境部门", f"No bureau is competent for division {division}"
    raise _refused("division", "unknown_division", zh, en)


SUPERIOR_FIELD = "superior_agency"
"""The field that names an agency above the one that states it."""


def check_appointment(room: Room, rule: PartyRule, one: Appointment, agency: str, *, owner: str, by: Principal) -> None:
    """Refuse an agency that cannot stand where a step puts it: the one that appoints, the owner, no superior."""
    field = f"stated.{one.field}"
    if agency == by.agency:
        raise _refused(field, "own_agency", "不能指定本机关", "You cannot name your own agency here")
    if agency == owner and rule.other_than_owner:
        raise _refused(field, "is_the_owner", "不能指定承办机关", "The owner cannot be named here")
    if one.field == SUPERIOR_FIELD and agency not in _above(room, by.agency):
        name = room.catalogue.agencies[agency].name_zh
        raise _refused(field, "not_superior", f"{name}不是您的上级机关", f"{agency} is not above your agency")


def _above(room: Room, agency: str) -> list[str]:
    found: list[str] = []
    known = room.catalogue.agencies.get(agency)
    while known is not None and known.superior and known.superior not in found:
        found.append(known.superior)
        known = room.catalogue.agencies.get(known.superior)
    return found


def _by_default(room: Room, rule: PartyRule, owner: Agency) -> list[str]:
    if rule.default == "superior":
        return [owner.superior] if owner.superior else []
    if rule.default == "same_level":
        same = (
            one.id
            for one in room.catalogue.agencies.values()
            if one.kind in rule.kinds and one.division == owner.division and one.id != owner.id
        )
        first = next(same, None)
        return [first] if first else []
    return []


def _check(room: Room, relation: str, rule: PartyRule, owner: Agency, agency: str) -> None:
    known = room.catalogue.agencies.get(agency)
    if known is None:
        raise _refused(
            f"parties.{relation}", "unknown_agency", f"名录中没有机关 {agency}", f"The directory has no {agency}"
        )
    if rule.kinds and known.kind not in rule.kinds:
        zh, en = f"{known.name_zh}不能作为 {relation}", f"{known.name_en} cannot be '{relation}'"
        raise _refused(f"parties.{relation}", "wrong_kind_of_agency", zh, en)
    if known.id == owner.id and rule.other_than_owner:
        zh, en = f"{relation} 不能是本机关", f"'{relation}' cannot be your own agency"
        raise _refused(f"parties.{relation}", "own_agency", zh, en)


def _refused(field: str, code: str, zh: str, en: str) -> BodyInvalid:
    words = Text(zh, en)
    return BodyInvalid(words, errors=[{"field": field, "code": code, "message": words}])
