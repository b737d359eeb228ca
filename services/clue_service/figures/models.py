"""What the figures say, and how they are asked for."""

from typing import Literal

from pydantic import BaseModel

By = Literal["rule", "city", "industry", "month", "source"]


class FunnelRow(BaseModel):
    """The clues received in a period that share a rule, city, industry, month or source, and how far each has come.

    `signals`: reports received, those merged into a clue and those held back included. `confirmed`: found true, or
    corrected before the visit. `off_site`: verified without a visit, each a visit avoided. Rates are null where there
    is nothing to divide by.
    """

    key: str
    signals: int = 0
    clues: int = 0
    assigned: int = 0
    verified: int = 0
    confirmed: int = 0
    accepted: int = 0
    cases: int = 0
    referrals: int = 0
    redirected: int = 0
    declined: int = 0
    off_site: int = 0
    on_site: int = 0
    off_site_share: float | None = None
    discovery_rate: float | None = None
    confirmation_rate: float | None = None
    visits_avoided: int = 0


class Funnel(BaseModel):
    """The funnel by one dimension, and over all."""

    by: By
    rows: list[FunnelRow]
    total: FunnelRow


class VisitRow(BaseModel):
    """The visits of one agency whose day lies in a period: how many by category, how many urgent, how many merged."""

    agency: str
    visits: int = 0
    administrative: int = 0
    enforcement: int = 0
    research: int = 0
    urgent: int = 0
    merged: int = 0
    void: int = 0


class VisitFigures(BaseModel):
    """Visits by agency."""

    rows: list[VisitRow]
