"""What agencies do together: joint operations, and matters that touch several jurisdictions."""

from typing import ClassVar

from shared.matters.models import Between


class Operation(Between, table=True):
    """A joint operation of several agencies (联合执法): objects, tasks, findings, results."""

    __tablename__ = "operations"
    kind: ClassVar[str] = "operation"


class Linkage(Between, table=True):
    """Matters of several jurisdictions that belong together (跨区域联动): one lead, shared facts, own competence."""

    __tablename__ = "linkages"
    kind: ClassVar[str] = "linkage"
