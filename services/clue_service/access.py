"""Who may touch devices, series and detection: the competent bureau's people and programs, and its superior."""

from collections.abc import Mapping

from shared.errors import NotVisible, NotYourStep, Text
from shared.identity import Principal
from shared.rules.catalogue import Catalogue

BUREAU = "ecological_environment_authority"
PROGRAM = "client:"
"""How the actor of a program, as opposed to a person, begins."""

DUTIES: Mapping[str, tuple[frozenset[str], Text]] = {
    "register": (
        frozenset({"clue_officer", "administrator"}),
        Text("排口由线索研判员或系统管理员登记", "Outlets are registered by a clue officer or an administrator"),
    ),
    "deliver": (
        frozenset({"clue_officer", "liaison"}),
        Text(
            "监测数据由线索研判员、联络员或本部门接入程序报送",
            "Monitoring data are delivered by a clue officer, a liaison officer or a program of the bureau",
        ),
    ),
    "declare": (
        frozenset({"clue_officer", "case_officer", "duty_officer", "liaison"}),
        Text(
            "企业自查由本部门经办人员或本部门接入程序登记",
            "Self-inspections are put down by an officer or a program of the bureau",
        ),
    ),
    "measure": (
        frozenset({"clue_officer", "case_officer", "duty_officer"}),
        Text(
            "走航任务由经办人员、值班员或本部门接入程序登记",
            "Mobile runs are put down by an officer or a program of the bureau",
        ),
    ),
    "detect": (
        frozenset({"clue_officer", "duty_officer"}),
        Text("规则由线索研判员或值班员运行", "Rules are run by a clue officer or a duty officer"),
    ),
    "tune": (
        frozenset({"agency_head", "clue_officer"}),
        Text(
            "规则参数由生态环境部门负责人或线索研判员提出、回测和交换",
            "Rules are tuned, back-tested and exchanged by the head or a clue officer of an environment bureau",
        ),
    ),
}


OF_PROGRAMS = frozenset({"deliver", "declare", "measure"})
"""Duties that a program of the bureau has as well."""
COMPLAINT_TAKERS = frozenset({"clue_officer", "duty_officer"})


def require(by: Principal, duty: str) -> None:
    """Refuse a principal whose agency or role has not this duty. Raises NotYourStep with who has it."""
    roles, words = DUTIES[duty]
    if by.is_system or (by.kind == BUREAU and (by.roles & roles or (duty in OF_PROGRAMS and is_program(by)))):
        return
    raise NotYourStep(words, reasons=[{"code": "actor", "zh": words.zh, "en": words.en}])


def is_program(by: Principal) -> bool:
    """Whether a program acts, not a person."""
    return by.actor.startswith(PROGRAM)


def require_taker(by: Principal) -> None:
    """Refuse who takes no complaints: they come by a bureau's clue or duty officer, or a program of any agency."""
    if is_program(by) or (by.kind == BUREAU and by.roles & COMPLAINT_TAKERS):
        return
    words = Text(
        "投诉举报由值班员、线索研判员或热线接入程序登记",
        "Complaints are put down by a duty or clue officer, or by the program of a hotline",
    )
    raise NotYourStep(words, reasons=[{"code": "actor", "zh": words.zh, "en": words.en}])


def require_bureau(by: Principal) -> None:
    """Refuse everybody who is not of an environment bureau. Raises NotYourStep."""
    if by.is_system or by.kind == BUREAU:
        return
    words = Text("规则只对生态环境部门公开", "Rules are shown to environment bureaus only")
    raise NotYourStep(words, reasons=[{"code": "actor", "zh": words.zh, "en": words.en}])


def scope(catalogue: Catalogue, by: Principal) -> frozenset[str]:
    """Return the bureaus whose outlets a principal may see: its own and those that stand under it."""
    if by.is_system:
        return frozenset(catalogue.agencies)
    if by.kind != BUREAU:
        return frozenset()
    found = {by.agency}
    while fresh := {one.id for one in catalogue.agencies.values() if one.superior in found} - found:
        found |= fresh
    return frozenset(found)


def superiors(catalogue: Catalogue, agency: str) -> tuple[str, ...]:
    """Return a bureau and those above it, nearest first."""
    found = [agency]
    while (above := catalogue.agencies[found[-1]].superior) and above not in found:
        found.append(above)
    return tuple(found)


def no_such_outlet() -> NotVisible:
    """Return the refusal for an outlet that is not there or not yours, never telling which."""
    return NotVisible(Text("没有可供您查看的该排口", "There is no such outlet that you may see"))
