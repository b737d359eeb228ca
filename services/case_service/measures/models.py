"""Measures: what a bureau orders in a case besides the penalty, each with its own procedure and clocks."""

from typing import ClassVar

from shared.matters.models import Between


class Measure(Between, table=True):
    """A measure taken in a case (行政强制措施、先行登记保存、责令改正、限制生产); `about` names the case."""

    __tablename__ = "measures"
    kind: ClassVar[str] = "measure"
