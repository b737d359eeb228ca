"""The matters between agencies of this room besides referrals: supervisions and consultations."""

from typing import ClassVar

from shared.matters.models import Between


class Supervision(Between, table=True):
    """A superior or procuratorial authority watching a decision (监督)."""

    __tablename__ = "supervisions"
    kind: ClassVar[str] = "supervision"


class Consultation(Between, table=True):
    """A question or an invitation from one agency to another (咨询、提前介入)."""

    __tablename__ = "consultations"
    kind: ClassVar[str] = "consultation"
