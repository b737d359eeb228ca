"""What a sealed file says: a subject opened on another desk, a step taken, a receipt issued. Read strictly."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, ValidationError

from shared.dossier.exact import NotExact, read_object
from shared.errors import BodyInvalid, Text
from shared.events import ManifestData
from shared.identity import Principal
from shared.records.views import NO_NUL, Body, storable

OPENED, STEP, RECEIPT = "subject.opened", "step.taken", "receipt.issued"
Short = Annotated[str, Field(max_length=300, pattern=NO_NUL)]
Object = Annotated[dict[str, Any], AfterValidator(storable)]
Parties = dict[Short, list[Short]]


class Line(Body):
    """The place of a message in the line of its subject to one desk."""

    number: Annotated[int, Field(ge=1, le=2**31 - 1)]
    previous: Short


class Actor(Body):
    """Who took a step."""

    agency: Short
    actor: Short
    name: Short
    roles: list[Short]

    def principal(self, agency: str, kind: str) -> Principal:
        """Return the person, acting for an agency that vouches for them."""
        return Principal(agency, kind, self.actor, frozenset(self.roles), self.name)


class Pause(Body):
    """Time not counted."""

    from_on: Short
    to_on: Short | None
    ground: Short


class Extended(Body):
    """Time added."""

    amount: int
    unit: Short
    ground: Short
    approved_by: Short
    to_total: bool


class RunningClock(Body):
    """A clock that runs on the sender's desk, with its ledger."""

    term: Short
    started_at: AwareDatetime
    party: Short
    done: list[Short]
    pauses: list[Pause]
    extensions: list[Extended]


class Carried(Body):
    """What every message of a line says: its place, the sender's chain, and the manifest in the bag, if any."""

    line: Line
    to: list[Short]
    """The agencies of the receiving desk that take part."""
    seq: Annotated[int, Field(ge=1, le=2**53)]
    head: Short
    """Hash of the sender's entry `seq`."""
    manifest_digest: Short = ""
    sent_before: list[Short] = Field(default_factory=list)
    parties: Parties


class OpenedData(Carried):
    """A subject as it stands on its owner's desk, to be worked on this one too."""

    snapshot: Object
    clocks: list[RunningClock]
    manifests: list[ManifestData]
    event: Short
    """The type of the newest event that was addressed to an agency of the receiving desk; empty: none."""
    told: Object
    """What that event said."""
    step: Short


class StepData(Carried):
    """A step of the procedure, with everything that was written."""

    by: Actor
    step: Short
    stated: Object
    at: AwareDatetime


class ReceiptData(Body):
    """A receipt for an earlier message; the signed statement is in the bag."""

    message_id: Short
    receipt: Short
    """Its path in the bag."""


class Message(Body):
    """The envelope of any of them."""

    model_config = ConfigDict(extra="allow")

    id: Short
    source: Short
    type: Short
    subject: Annotated[str, Field(pattern=r"^[a-z]{3,20}:[0-9a-f-]{36}$")]
    time: AwareDatetime
    journeyid: UUID
    data: Object

    @property
    def subject_id(self) -> UUID:
        """Return the subject's id. Raises ValueError."""
        return UUID(self.subject.partition(":")[2])

    @property
    def kind(self) -> str:
        """Return the subject's kind."""
        return self.subject.partition(":")[0]


def read_message(content: bytes) -> Message:
    """Return a message. Raises BodyInvalid."""
    try:
        return Message.model_validate(read_object(content))
    except (ValidationError, NotExact) as broken:
        raise BodyInvalid(Text("消息格式有误", "The message's shape is wrong"), why=str(broken)[:300]) from broken


DATA: dict[str, type[Body]] = {OPENED: OpenedData, STEP: StepData, RECEIPT: ReceiptData}


def data_of(message: Message) -> Body:
    """Return what a message says, by its type. Raises BodyInvalid."""
    model = DATA.get(message.type)
    if model is None:
        words = Text(f"不接收 {message.type} 类型的消息", f"Messages of type {message.type} are not taken")
        raise BodyInvalid(words, known=sorted(DATA))
    try:
        return model.model_validate(message.data)
    except ValidationError as broken:
        raise BodyInvalid(
            Text("消息内容有误", "What the message says has a wrong shape"), why=str(broken)[:300]
        ) from broken
