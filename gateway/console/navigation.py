"""Where the console leads: its pages with the letters that go there, each shown to whoever may use it."""

from dataclasses import dataclass

from shared.errors import NotVisible
from shared.identity import Principal

BUREAU = "ecological_environment_authority"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the navigation: what follows `/console` in its address, its key, the letter that goes there."""

    target: str
    key: str
    letter: str
    is_for_bureaus: bool = False
    """Whether people of environment bureaus alone may use it."""


ENTRIES = (
    Entry("", "home", "h"),
    Entry("/clues", "clues", "c"),
    Entry("/complaints", "complaints", "p", is_for_bureaus=True),
    Entry("/inspections", "inspections", "i"),
    Entry("/squad-tasks", "squad-tasks", "j"),
    Entry("/van-runs", "van-runs", "v", is_for_bureaus=True),
    Entry("/cases", "cases", "a"),
    Entry("/measures", "measures", "m"),
    Entry("/conferences", "conferences", "o"),
    Entry("/operations", "operations", "e"),
    Entry("/linkages", "linkages", "x"),
    Entry("/referrals", "referrals", "r"),
    Entry("/supervisions", "supervisions", "s"),
    Entry("/consultations", "consultations", "q"),
    Entry("/deadlines", "deadlines", "d"),
    Entry("/timeliness", "timeliness", "t"),
    Entry("/figures", "figures", "f"),
    Entry("/rules", "rules", "u", is_for_bureaus=True),
    Entry("/drills", "drills", "w", is_for_bureaus=True),
    Entry("/calendar", "calendar", "y"),
    Entry("/notices", "notices", "n"),
    Entry("/calculator", "calculator", "k"),
    Entry("/law", "law", "l"),
)


def offered(by: Principal) -> list[Entry]:
    """Return the entries of somebody who signed in."""
    return [one for one in ENTRIES if not one.is_for_bureaus or is_of_bureau(by)]


def is_of_bureau(by: Principal) -> bool:
    """Whether somebody is of an environment bureau."""
    return by.kind == BUREAU


def require_bureau(by: Principal) -> None:
    """Show a page of environment bureaus to nobody else. Raises NotVisible."""
    if not is_of_bureau(by):
        raise NotVisible()
