"""What a time limit is and what a computed date says: the entries that `terms` computes with."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.rules.entries import STRICT, Cite, Id, InForce, Text

Unit = Literal["hours", "natural_days", "working_days", "months", "years"]
Profile = Literal[
    "hours_strict",
    "natural_days_rollover",
    "natural_days_rollover_by_analogy",
    "natural_days_no_rollover_for_planning",
    "working_days",
    "months_rollover",
    "months_rollover_by_analogy",
    "months_no_rollover_for_planning",
    "inclusive_day_count",
]
Kind = Literal[
    "deadline", "limitation_period", "max_duration", "waiting_period", "min_notice", "deemed_service", "day_count"
]
Amount = Annotated[int, Field(strict=True, ge=0)]

UNITS_ZH = {"hours": "小时", "natural_days": "日", "working_days": "个工作日", "months": "个月", "years": "年"}
UNITS_EN = {
    "hours": "hours",
    "natural_days": "natural days",
    "working_days": "working days",
    "months": "months",
    "years": "years",
}
PROFILE_UNITS: dict[str, tuple[str, ...]] = {
    "hours_strict": ("hours",),
    "natural_days_rollover": ("natural_days",),
    "natural_days_rollover_by_analogy": ("natural_days",),
    "natural_days_no_rollover_for_planning": ("natural_days",),
    "working_days": ("working_days",),
    "months_rollover": ("months", "years"),
    "months_rollover_by_analogy": ("months", "years"),
    "months_no_rollover_for_planning": ("months", "years"),
    "inclusive_day_count": ("natural_days",),
}


@dataclass(frozen=True, slots=True)
class ExtensionRule:
    """One extension the law allows: `add` a fixed amount, `add_max` up to it, or extend `to_total`.

    `amount` None is a further reasonable period without a number. `approved_by` is empty when the text names nobody.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    mode: Literal["add", "add_max", "to_total"]
    amount: Amount | None
    unit: Unit
    condition_zh: str = ""
    condition_en: str = ""
    approved_by: str = ""
    times_max: Annotated[int, Field(strict=True, ge=1)] = 1
    formality: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A time limit as the law writes it: an amount, its unit, and the profile by which it is counted.

    `stops_on` names the acts that meet it; where there are several, all of them must be done. `verified` False must
    never drive an automatic sanction. `direction` backward counts back from the event, as in "七日前".
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    amount: Amount
    unit: Unit
    profile: Profile
    kind: Kind
    cite: Cite
    verified: Annotated[bool, Field(strict=True)] = True
    obligated_party: str = ""
    trigger: str = ""
    stops_on: tuple[str, ...] = ()
    extensions: tuple[ExtensionRule, ...] = ()
    excluded_time: tuple[str, ...] = ()
    excluded_time_unverified: tuple[str, ...] = ()
    alias_of: str | None = None
    replaces: str | None = None
    conflict_with: tuple[str, ...] = ()
    superseded_by: str | None = None
    notes: str = ""
    reminders: str = "default"
    in_force: InForce = field(default_factory=InForce)
    quotation: str = ""
    action_due: str = ""
    consequence: str = ""
    confidence: str = ""
    requires_approval: str = ""
    formula: str = ""
    direction: Literal["forward", "backward"] = "forward"
    authority: Literal["law", "agreement"] = "law"
    """An `agreement` between agencies binds nobody by law, and says so wherever it is shown."""

    def __hash__(self) -> int:
        """By what tells it from others: terms that are equal have one."""
        return hash((self.id, self.in_force.from_on))

    @property
    def in_force_from(self) -> date | None:
        return self.in_force.from_on

    @property
    def in_force_to(self) -> date | None:
        return self.in_force.to_on

    @property
    def binds(self) -> bool:
        """Whether letting it pass is a breach: not where a party acts, nor where it only has to be waited out."""
        return self.obligated_party != "party" and self.kind not in ("waiting_period", "deemed_service")

    @property
    def ladder(self) -> str:
        """The reminders of a clock of this term: one that binds no agency is said to have ended, not to be overdue."""
        return self.reminders if self.binds else "lapse"

    @property
    def rolls(self) -> bool:
        """Whether a last day that is a rest day moves to the next working day."""
        return "rollover" in self.profile and "no_rollover" not in self.profile


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that does not count, from the event that stops the clock to the one that starts it again (None: open)."""

    from_on: date
    to_on: date | None = None
    ground: str = ""

    def __post_init__(self) -> None:
        if self.to_on is not None and self.to_on < self.from_on:
            raise ValueError(
                f"a pause cannot end ({self.to_on}) before it begins ({self.from_on}). 中止期间的止日不得早于起日。"
            )


@dataclass(frozen=True, slots=True)
class Extension:
    """An approved extension: `amount` of `unit` added to the end not yet rolled over, or to a total length."""

    amount: int
    unit: str
    ground: str = ""
    approved_by: str = ""
    to_total: bool = False


@dataclass(frozen=True, slots=True)
class Because:
    """One step of a computation, in words."""

    code: str
    zh: str
    en: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """When a clock lapses and why.

    `on` is the last day (until 24:00); `at` the instant, for limits in hours; `unrolled_on` the last day before moving
    off rest days; `day_count` the counted days of a day count; `paused` that a pause is still open, so `on` or `at` is
    only a projection; `provisional` that a rest day of an unpublished year mattered.
    """

    on: date | None
    at: datetime | None = None
    unrolled_on: date | None = None
    provisional: bool = False
    because: tuple[Because, ...] = ()
    day_count: int | None = None
    paused: bool = False
    term_id: str = ""
    cite: Cite | None = None

    def lapses_at(self, zone: tzinfo) -> datetime:
        """The instant the clock lapses: `at`, or 24:00 of `on` in `zone`. ValueError for a count without an end."""
        if self.at is not None:
            return self.at
        if self.on is None:
            raise ValueError("this count has no end yet, so nothing lapses. 该计数尚无终止事件,没有届满时刻。")
        return datetime.combine(self.on + timedelta(days=1), time(), tzinfo=zone)
