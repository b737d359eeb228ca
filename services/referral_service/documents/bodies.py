"""What officers send to issue a document, to look at a draft, and to go back to the packaged template."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from shared.records.views import NO_NUL, Body, JsonObject, LongWords

KindId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Number = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]
Format = Literal["pdf", "docx"]


class Preview(Body):
    """A draft of a document: `fields` overrides what the desk knows; nothing is stored, no number is taken."""

    kind: KindId
    fields: JsonObject = Field(default_factory=dict)


class Issue(Body):
    """Issue a document. Without a `number` the next one of the agency's order is taken."""

    kind: KindId
    format: Literal["pdf", "docx", "both"] = "pdf"
    fields: JsonObject = Field(default_factory=dict)
    number: Number | None = None
    number_reason: Annotated[str, Field(max_length=400, pattern=NO_NUL)] = ""
    issued_on: date | None = None


class Restore(Body):
    """Why the packaged template is taken again."""

    reason: LongWords
