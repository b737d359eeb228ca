"""What a procedure is made of: states, steps, who may take them, the clocks they move, what they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.rules.entries import STRICT, Cite, Id, InForce, Relation, Text

ClockAction = Literal["start", "meet", "pause", "resume", "cancel", "extend"]
GuardCheck = Literal[
    "present",
    "absent",
    "equals",
    "one_of",
    "is_true",
    "state_not_in",
    "fact_present",
    "clock_open",
    "clock_not_open",
    "clock_paused",
    "clock_not_paused",
    "clock_lapsed",
    "clock_not_lapsed",
    "clock_elapsed",
    "matches",
    "not_before",
    "not_after",
    "not_among",
    "at_least",
    "at_most",
]


@dataclass(frozen=True, slots=True)
class State:
    """Where a subject can be. A `final` state has no way on."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    name_zh: Text
    name_en: Text
    final: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """Who may take a step: the relation of the agency to the subject, its kind, and the roles of the person.

    `system` is a fact carried by a verified event. No roles means any person of that agency.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    relation: Relation
    agency_kind: str | None = None
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class When:
    """That something holds only for some cases: where the field `subject` has one of these values, or any at all."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    subject: Id
    one_of: tuple[Any, ...] = ()

    def holds(self, fields: Mapping[str, Any]) -> bool:
        """Whether it holds for these fields; what is not stated, false or nought is no value."""
        value = fields.get(self.subject)
        return value in self.one_of if self.one_of else bool(value)


@dataclass(frozen=True, slots=True)
class Clock:
    """What a step does to a deadline.

    `start` runs the term from the instant in `from_field` (None: the moment of the step) for `party`; `meet` ends it,
    or, with `part`, records one of the acts in the term's `stops_on`, all of which must be done; `pause` and `resume`
    act from the day in `from_field`; `extend` adds the extension in the step's body; `cancel` ends it unmet. `when`
    limits it to some cases.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    action: ClockAction
    term: Id
    from_field: str | None = None
    part: str | None = None
    party: Relation = "owner"
    ground: str | None = None
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition on the subject or the body of the step, with what to tell the officer when it fails.

    `subject` is a field, a fact (`fact_present`), a term (`clock_*`) or only a name (`state_not_in`); `value` what
    it is compared with; `clock_lapsed` wants one of the terms in `subject` and `value` open and past its end.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    check: GuardCheck
    subject: Id
    zh: Text
    en: Text
    what_next_zh: Text
    what_next_en: Text
    value: Any = None
    cite: Cite | None = None
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Appointment:
    """That the agency in `field` stands in `relation` from now on; who stood there before becomes `former`."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    field: Id
    relation: Relation
    former: Relation = "observer"


@dataclass(frozen=True, slots=True)
class PartyRule:
    """Which agencies stand in a relation: their kinds, and who it is when the opener names nobody.

    `same_level` is the agency of that kind and the owner's own division, `superior` the agency above the owner.
    `from_start` lets it see the subject at once, else a step that admits it does.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    kinds: tuple[Id, ...] = ()
    default: Literal["same_level", "superior", "none"] = "none"
    required: bool = True
    from_start: bool = False
    other_than_owner: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed move. `to_state` None leaves the state; `documents` and `requirement_set` with `stage` say what must
    be held, `facts_required` which facts must be known, `standards_required` ("any_met:criminal") which standard.

    Where a procedure is data alone: `hands_over` freezes what is held and shows it to the parties (`may`: where
    anything is held), `admits` lets the agencies of these relations see the subject from this step on, `appoints`
    puts the agency a field names in a relation."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    from_states: Annotated[tuple[str, ...], Field(min_length=1)]
    by: Annotated[tuple[Actor, ...], Field(min_length=1)]
    cite: Cite
    to_state: str | None = None
    documents: tuple[str, ...] = ()
    requirement_set: str | None = None
    stage: str | None = None
    facts_required: tuple[str, ...] = ()
    standards_required: Annotated[str | None, Field(pattern=r"^any_met:[a-z_]+$")] = None
    clocks: tuple[Clock, ...] = ()
    event: Annotated[str | None, Field(pattern=r"^[a-z_]+\.[a-z_]+$")] = None
    to: tuple[Relation, ...] = ()
    copies: tuple[Relation, ...] = ()
    body_fields: tuple[str, ...] = ()
    required_fields: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    hands_over: Literal["must", "may"] | None = None
    admits: tuple[Relation, ...] = ()
    appoints: tuple[Appointment, ...] = ()


SubjectKind = Literal[
    "clue",
    "case",
    "measure",
    "conference",
    "operation",
    "linkage",
    "referral",
    "supervision",
    "consultation",
    "inspection",
    "complaint",
    "self_inspection",
    "task",
]


@dataclass(frozen=True, slots=True)
class Procedure:
    """The statutory path of one kind of subject. A subject begins in the state `initial` and keeps its version."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    version: Annotated[int, Field(strict=True, ge=1)]
    subject: SubjectKind
    name_zh: Text
    name_en: Text
    cite: Cite
    initial: str
    states: Mapping[str, State]
    steps: Mapping[str, Step]
    relations: tuple[Relation, ...]
    in_force: InForce = field(default_factory=InForce)
    notes: str = ""
    parties: Mapping[Relation, PartyRule] = field(default_factory=dict)
    """Who takes part besides the owner. A procedure that names them is data alone: its steps need no code."""

    @property
    def initial_steps(self) -> tuple[Step, ...]:
        """The steps by which a subject comes into being."""
        return tuple(step for step in self.steps.values() if self.initial in step.from_states)
