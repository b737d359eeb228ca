"""A clock as it is shown: its tone in colour, sign and words, how long is left, and the bar from start to due."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.console.entry import Visit
from gateway.console.times import day, instant, length, moment

URGENT, SOON = timedelta(days=1), timedelta(days=3)
SIGNS = {
    "late": "■",
    "urgent": "▲",
    "soon": "◆",
    "calm": "●",
    "paused": "Ⅱ",
    "met": "✓",
    "met_late": "✗",
    "ended": "–",
}
WIDTH = 300.0
Pauses = Sequence[tuple[datetime, datetime | None]]


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of a clock in user units: 0 is the start, `due` the instant it lapses; all within `WIDTH`."""

    due: float
    filled: float
    late: float
    now: float | None
    pauses: tuple[tuple[float, float], ...]
    """Stretches as (place, length)."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock, ready to be shown."""

    id: str
    name: str
    cite: str
    subject: str
    party: str
    tone: str
    sign: str
    said: str
    started: str
    due: str
    due_at: datetime
    ended: str
    provisional: bool
    because: tuple[str, ...]
    bar: Bar

    @property
    def is_open(self) -> bool:
        """Whether it still runs or waits."""
        return not self.ended


def shown(visit: Visit, clock: Mapping[str, Any], pauses: Pauses = ()) -> Clock:
    """Return a clock of the API as it is shown now."""
    words, now = visit.words, visit.now
    due_at, tone = _at(clock["due_at"]), tone_of(clock, now)
    due = words("clock.due_day", day=day(clock["due_on"], words)) if clock["due_on"] else moment(clock["due_at"])
    return Clock(
        id=str(clock["id"]),
        name=words.name(clock),
        cite=words.part(clock, "cite"),
        subject=str(clock["subject"]),
        party=visit.agency(clock["party"]),
        tone=tone,
        sign=SIGNS[tone],
        said=_said(visit, clock, tone),
        started=moment(clock["started_at"]),
        due=due,
        due_at=due_at,
        ended=moment(clock["ended_at"]),
        provisional=bool(clock["provisional"]),
        because=tuple(words.part(step, "") for step in clock["because"]),
        bar=bar_of(_at(clock["started_at"]), due_at, instant(clock["ended_at"]), pauses, now),
    )


def tone_of(clock: Mapping[str, Any], now: datetime) -> str:
    """Return how a clock stands: late, urgent, soon, calm, paused, met, met_late or ended."""
    due_at, state = _at(clock["due_at"]), clock["state"]
    if state not in ("running", "paused"):
        if state != "met":
            return "ended"
        return "met_late" if clock["breached_at"] or _at(clock["ended_at"]) > due_at else "met"
    if clock["breached_at"] or (due_at <= now and state == "running"):
        return "late"
    if state == "paused":
        return "paused"
    left = due_at - now
    return "urgent" if left <= URGENT else "soon" if left <= SOON else "calm"


def _said(visit: Visit, clock: Mapping[str, Any], tone: str) -> str:
    words, due_at = visit.words, _at(clock["due_at"])
    if tone in ("met", "met_late", "ended", "paused"):
        return words(f"clock.{tone}")
    key = "clock.over" if visit.now >= due_at else "clock.left"
    return words(key, time=length(due_at - visit.now, words))


def bar_of(started: datetime, due_at: datetime, ended: datetime | None, pauses: Pauses, now: datetime) -> Bar:
    """Return the geometry of a clock's bar."""
    until = ended or now
    whole = max((max(due_at, until) - started).total_seconds(), 60.0)

    def place(at: datetime) -> float:
        return round(min(max((at - started).total_seconds() / whole, 0.0), 1.0) * WIDTH, 1)

    due = place(due_at)
    stretches = [(place(begun), place(over or until)) for begun, over in pauses]
    return Bar(
        due=due,
        filled=min(place(until), due),
        late=max(place(until) - due, 0.0),
        now=None if ended else place(now),
        pauses=tuple((begin, max(end - begin, 2.0)) for begin, end in stretches),
    )


def pauses_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[datetime, datetime | None]]]:
    """Return the pauses of every clock, as the journal's entries (their bodies, in order) tell them."""
    found: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for entry in entries:
        for moved in entry.get("clocks", ()):
            known = found.setdefault(str(moved.get("clock")), [])
            if moved.get("what") == "paused":
                known.append((_at(entry["at"]), None))
            elif moved.get("what") == "resumed" and known and known[-1][1] is None:
                known[-1] = (known[-1][0], _at(entry["at"]))
    return found


def nearest(clocks: Iterable[Clock]) -> Clock | None:
    """Return the open clock that lapses first; one that waits comes after those that run."""
    running = [clock for clock in clocks if clock.is_open]
    return min(running, key=lambda clock: (clock.tone == "paused", clock.due_at), default=None)


def _at(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
