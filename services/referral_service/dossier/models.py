"""What is asked and shown of dossiers that are built into the outbox."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.records.views import Body

AgencyId = Annotated[str, Field(pattern=r"^[a-z]{2,12}-[0-9]{6}$")]


class Build(Body):
    """Build the dossier into the outbox; `reader` is the party it is for, without one your own agency."""

    reader: AgencyId | None = None


class BuiltView(BaseModel):
    """A dossier in the outbox: its file below the folder of sealed files, size in bytes, and digests.

    `bag_digest` is the SHA-256 of the tag manifest, which the signature covers.
    """

    file: str
    size: int
    bag_digest: str
    manifest_digest: str
    signed_by: str
