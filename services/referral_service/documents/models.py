"""Documents that were issued, templates that were replaced: tables and views. The bodies stand in `bodies.py`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel


class Document(SQLModel, table=True):
    """One issued document: number, version, what it said, and its files with their hashes. Never changed but for
    `superseded_at`."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("subject", "agency", "kind", "version"),
        UniqueConstraint("agency", "number"),
        Index("ix_documents_register", "agency", "kind", "year"),
    )

    id: UUID = Field(primary_key=True)
    subject: str
    kind: str
    version: int
    """1, 2, … of the same kind by the same agency about the same subject."""
    agency: str
    number: str
    year: int | None = None
    ordinal: int | None = None
    """Its place in the agency's order of that kind and year; none for a number of another form."""
    number_reason: str = ""
    """Why a stated number leaves others out."""
    title: str
    issued_on: date
    issued_at: datetime
    issued_by: str
    said: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Everything the templates were given."""
    files: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    superseded_at: datetime | None = None

    @property
    def etag(self) -> str:
        """Return the entity tag: a document is never changed."""
        return f'"{self.id}"'

    @property
    def state(self) -> str:
        """Whether a later version took its place."""
        return "superseded" if self.superseded_at else "current"


class Template(SQLModel, table=True):
    """One version of an agency's template of a kind and format; the newest holds. Version 0 is the packaged one."""

    __tablename__ = "document_templates"
    __table_args__ = (UniqueConstraint("agency", "kind", "format", "version"),)

    id: UUID = Field(primary_key=True)
    agency: str
    kind: str
    format: str
    version: int
    sha256: str
    """Empty where the agency went back to the packaged one."""
    size: int
    reason: str
    added_at: datetime
    added_by: str


class FileView(BaseModel):
    """One file of a document; `item` is its item of evidence, opened through the evidence routes."""

    format: str
    item: UUID
    name: str
    media_type: str
    sha256: str
    size: int
    template_version: int
    """0: the packaged template."""


class DocumentView(BaseModel):
    """An issued document as it is shown."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    subject: str
    kind: str
    title: str
    version: int
    state: str
    agency: str
    number: str
    issued_on: date
    issued_at: AwareDatetime
    issued_by: str
    files: list[FileView]


class NumberView(BaseModel):
    """One place in an agency's register of numbers; without a document it is a gap, with the reason given for it."""

    ordinal: int | None
    number: str
    document: UUID | None
    subject: str | None
    version: int | None
    issued_on: date | None
    reason: str


class FieldView(BaseModel):
    """One thing a kind of document states."""

    id: str
    label_zh: str
    label_en: str
    type: str
    mandatory: str | None
    is_known: bool
    """Whether the desk fills it in by itself where it knows."""
    cite_zh: str
    cite_en: str
    columns: list[dict[str, str]]


class KindView(BaseModel):
    """A kind of document: its names, its article, who issues it, what it states."""

    id: str
    name_zh: str
    name_en: str
    cite_zh: str
    cite_en: str
    symbol: str
    made_by: list[dict[str, Any]]
    addressee: str
    copies: list[str]
    satisfies: list[str]
    fields: list[FieldView]


class TemplateView(BaseModel):
    """One version of a template; version 0 is the packaged one."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    format: str
    version: int
    is_packaged: bool
    is_current: bool
    sha256: str
    size: int
    reason: str
    added_at: AwareDatetime | None
    added_by: str
