"""Sets in shadow that break: the run of the others goes on; the set is taken out, journalled, and its owner told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from traceback import extract_tb

import polars as pl
import structlog
from sqlmodel import Session

from services.clue_service.detection.catalogue import Rule, Status
from services.clue_service.detection.engine import Run, run
from services.clue_service.rules_office.commands import decide, record, ref_of, row_of
from services.clue_service.rules_office.commands import keep as keep_standing
from services.clue_service.rules_office.registry import Rulebook, digest_of, rulebook
from shared.records.db import one_at_a_time
from shared.records.journal import Fact
from shared.records.notices import tell_of_entry
from shared.records.room import Room, room_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Failure:
    """A set in shadow that broke, and how."""

    rule: Rule
    error: Exception

    @property
    def place(self) -> str:
        """Return the file and line it broke at. The error's words may hold what was measured and are not kept."""
        last = extract_tb(self.error.__traceback__)[-1]
        return f"{Path(last.filename).name}:{last.lineno}"


def run_beside(
    tables: Mapping[str, pl.DataFrame], chosen: Sequence[Rule], *, history: Mapping[str, float] | None = None
) -> tuple[Run, list[Failure]]:
    """Run rules as the engine does; a set in shadow that breaks is named and stops none of the others.

    Only after something broke are the sets in shadow run one by one. What breaks a set in force is raised.
    """
    trials = [rule for rule in chosen if rule.status is Status.SHADOW]
    try:
        return run(tables, chosen, history=history), []
    except Exception:  # what is on trial may break in any way: it is found out below, or raised
        if not trials:
            raise
    found = run(tables, [rule for rule in chosen if rule.status is not Status.SHADOW], history=history)
    hits, lacks, failures = list(found.hits), dict(found.not_evaluable), []
    for rule in trials:
        try:
            alone = run(tables, [rule], history=history)
        except Exception as error:  # recorded by `set_apart`
            failures.append(Failure(rule, error))
            continue
        hits += alone.hits
        lacks = alone.not_evaluable | lacks
    return Run(hits, lacks), failures


def set_apart(room: Room, failures: Sequence[Failure]) -> None:
    """Take sets that broke out of the runs to come: a proposal has failed, an observed rule is retired."""
    for one in failures:
        log.error("detection.set_failed", room=room.name, rule=one.rule.id, exc_info=one.error)
        with room.transaction() as session:
            one_at_a_time(session, ref_of(one.rule.id))
            _set_apart(session, rulebook(session), one, now=room.clock())


def _set_apart(session: Session, book: Rulebook, failure: Failure, *, now: datetime) -> None:
    rule, digest, standing = failure.rule, digest_of(failure.rule), book.find(failure.rule.id)
    proposal = next((one for one in book.open_of(rule.id) if one.digest == digest), None)
    is_observed = standing.digest == digest and standing.rule.status is Status.SHADOW
    if proposal is None and not is_observed:
        return  # somebody decided on it in the meantime
    said = {"version": rule.version, "digest": digest, "error": type(failure.error).__name__, "place": failure.place}
    fact = Fact("rule.failed", said, step="fail")
    if proposal is not None:
        decide(session, proposal, "failed", now=now)
        said["proposal"] = str(proposal.id)
    if is_observed:
        keep_standing(session, row_of(session, standing, Status.RETIRED, now))
        fact = fact._replace(from_state=Status.SHADOW.value, to_state=Status.RETIRED.value)
    entry = record(session, rule.id, fact, by=room_of(session).itself, now=now)
    values = {
        "rule": rule.id,
        "version": str(rule.version),
        "name_zh": rule.name.zh,
        "name_en": rule.name.en,
        "error": f"{type(failure.error).__name__} {failure.place}",
    }
    tell_of_entry(session, entry, {"owner": (standing.owner,)}, values, now=now)
