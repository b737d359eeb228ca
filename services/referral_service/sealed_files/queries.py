"""Where sealed files stand: what waits, since when, why, and which clock of its subject runs meanwhile."""

from uuid import UUID

from sqlmodel import Session, col, select

from services.referral_service.sealed_files.models import SealedFile, SealedFileView
from shared.identity import Principal
from shared.records.db import Party
from shared.records.deadlines import OPEN_STATES, Deadline

UNSETTLED = ("pending", "written", "waiting", "cut", "refused")
OPERATORS = frozenset({"administrator", "auditor"})


def standing(
    session: Session, *, by: Principal | None, before: UUID | None, limit: int, settled: bool = False
) -> list[SealedFileView]:
    """Return the sealed files that are not settled (or all), newest first; of subjects the principal takes part in.

    What belongs to no subject is for administrators and auditors; without a principal everything is shown.
    """
    rows = select(SealedFile).where(col(SealedFile.file).not_like("mark:%"))
    if not settled:
        rows = rows.where(col(SealedFile.state).in_(UNSETTLED))
    if before is not None:
        rows = rows.where(SealedFile.id < before)
    found, seen = [], _Seen(session, by)
    for row in session.exec(rows.order_by(col(SealedFile.id).desc())):
        if seen.may(row):
            found.append(_view(session, row))
        if len(found) == limit:
            break
    return found


class _Seen:
    """Which subjects a principal takes part in, asked once each."""

    def __init__(self, session: Session, by: Principal | None) -> None:
        self._session, self._by = session, by
        self._known: dict[str, bool] = {}

    def may(self, row: SealedFile) -> bool:
        """Whether the principal may see a file."""
        if self._by is None:
            return True
        if row.subject not in self._known:
            self._known[row.subject] = self._takes_part(row.subject, self._by)
        return self._known[row.subject] or (not row.subject and bool(self._by.roles & OPERATORS))

    def _takes_part(self, ref: str, by: Principal) -> bool:
        kind, _, subject_id = ref.partition(":")
        try:
            key = UUID(subject_id)
        except ValueError:
            return False
        rows = select(Party.agency).where(Party.agency == by.agency, Party.kind == kind, Party.subject_id == key)
        return self._session.exec(rows).first() is not None


def _view(session: Session, row: SealedFile) -> SealedFileView:
    view = SealedFileView.model_validate(row)
    open_clocks = select(Deadline).where(Deadline.subject == row.subject, col(Deadline.state).in_(OPEN_STATES))
    clock = session.exec(open_clocks.order_by(col(Deadline.due_at)).limit(1)).first()
    if clock is None:
        return view
    nearest = {"nearest_term": clock.term_id, "nearest_due_at": clock.due_at, "nearest_party": clock.party}
    return view.model_copy(update=nearest)


def line_of(view: SealedFileView) -> str:
    """Return one line for the operator."""
    why = view.reasons[0]["zh"] if view.reasons else ""
    clock = f"{view.nearest_term} → {view.nearest_due_at.isoformat()}" if view.nearest_due_at else ""
    shown = [view.direction, view.state, view.since.isoformat(timespec="seconds"), view.desk or "?", view.file]
    return "  ".join([*shown, view.subject, clock, why]).rstrip()
