"""Visits as the clue room tells of them."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Visit(SQLModel, table=True):
    """An inspection the clue room told of: whose, of which enterprise, and how far it has come."""

    __tablename__ = "visits"

    ref: str = Field(primary_key=True)
    owner: str
    partners: str
    """The agencies it was merged with, separated by spaces."""
    enterprise_id: str = Field(index=True)
    enterprise_name: str
    state: str
    began_at: datetime | None = None
    until_at: datetime | None = None
    """From when to when something can have been seen on it; null before anybody entered."""
    version: int
    told_at: datetime
