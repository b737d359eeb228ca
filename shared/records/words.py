"""What texts may name of a subject and of the event they tell: each word is looked up when a text names it."""

from collections.abc import Callable, Mapping

from shared.records.db import Row
from shared.records.journal import Fact
from shared.records.room import Room
from shared.rules.entries import Agency
from shared.rules.procedures import Procedure, Step


def short_ref(ref: str) -> str:
    """Return a ref as people are shown it: the last digits of its identifier."""
    return f"…{ref[-6:]}"


class Words(dict[str, str]):
    """The words for one event of a subject, by the name that stands in the texts. KeyError for a name there is none."""

    def __init__(self, room: Room, subject: Row, fact: Fact) -> None:
        super().__init__()
        self.room, self.subject, self.fact = room, subject, fact

    def __missing__(self, name: str) -> str:
        word = self[name] = SAID[name](self)
        return word

    @property
    def procedure(self) -> Procedure:
        """Return the procedure the subject stands under."""
        return self.room.catalogue.procedure_version(self.subject.procedure_id, self.subject.procedure_version)

    @property
    def step(self) -> Step | None:
        """Return the step the event comes from."""
        return self.procedure.steps.get(self.fact.step or "")

    @property
    def owner(self) -> Agency | None:
        """Return the agency whose subject it is, if the directory has it."""
        return self.room.catalogue.agencies.get(self.subject.owner)


def _column(name: str) -> Callable[[Words], str]:
    return lambda words: str(words.subject.known(name) or "")


COLUMNS = ("title", "enterprise_name", "outcome", "reasons", "letter_number", "requested")
SAID: Mapping[str, Callable[[Words], str]] = {
    "ref": lambda words: short_ref(words.subject.ref),
    "state_zh": lambda words: words.procedure.states[words.subject.state].name_zh,
    "state_en": lambda words: words.procedure.states[words.subject.state].name_en,
    "owner": lambda words: words.subject.owner,
    "owner_zh": lambda words: words.owner.name_zh if words.owner else words.subject.owner,
    "owner_en": lambda words: words.owner.name_en if words.owner else "",
    "procedure_zh": lambda words: words.procedure.name_zh,
    "procedure_en": lambda words: words.procedure.name_en,
    "step_zh": lambda words: words.step.name_zh if words.step else "",
    "step_en": lambda words: words.step.name_en if words.step else "",
    "item": lambda words: str(words.fact.data.get("name", "")),
    **{name: _column(name) for name in COLUMNS},
}
