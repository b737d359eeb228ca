"""What can be done with a clue: one verb each."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.clue_service.clues import queries
from services.clue_service.clues.models import (
    Accept,
    Accepted,
    Assign,
    Closed,
    Clue,
    Decline,
    Opened,
    Receive,
    Review,
    Reviewed,
    Triage,
    Verified,
    Verify,
    VerifyAgain,
)
from services.clue_service.clues.queries import Place
from services.clue_service.clues.suppressing import suppress
from services.clue_service.complaints.following import clue_ended
from services.clue_service.inspections.queries import require_visit
from services.clue_service.self_inspections.covering import covering, ground, reason, reason_beyond
from services.clue_service.self_inspections.models import SelfInspection
from services.clue_service.squads import squads
from shared.clock import new_id
from shared.errors import BodyInvalid, Text, wrong
from shared.events import ManifestData
from shared.identity import Principal
from shared.records import agreed_clocks, deadlines, evidence
from shared.records.beginning import Entrance, Opening, begin_all
from shared.records.db import fresh, one_at_a_time, relations_of, visible
from shared.records.journal import Fact, record
from shared.records.parties import competent_bureau
from shared.records.perform import expect, perform, require_actor
from shared.records.room import room_of

PROCEDURE = "clue_handling"
MOST_REASONS = 50
VERIFICATION = "clue_verification"
"""The agreed clock of whoever was given a clue to verify."""


def receive(session: Session, body: Receive, *, by: Principal, now: datetime) -> Clue:
    """Take a report. A report of the same thing within 72 hours is merged into the open clue, never dropped.

    A reporter who may not see that clue reports one of its own: merging would show it the other.
    """
    require_past(body, now=now)
    place = place_of(session, body)
    one_at_a_time(session, "/".join(place))
    twin = queries.open_twin(session, place, near=body.discovered_at)
    if twin is not None and relations_of(session, twin.kind, twin.id, by):
        require_actor(session, twin, "receive", by=by)
        return merge(session, twin, body, by=by, now=now)
    return registered(session, body, place.owner, place.key, by=by, now=now)


def require_past(body: Receive, *, now: datetime) -> None:
    """Refuse a report of what lies ahead. Raises BodyInvalid."""
    for name in ("discovered_at", "observed_from", "observed_to"):
        instant = getattr(body, name)
        if instant is not None and instant > now:
            raise wrong(name, "in_the_future", f"{name} 晚于当前时间", f"{name} lies in the future")


def place_of(session: Session, body: Receive) -> Place:
    """Return whose a report is, and what makes it the same as another. Raises BodyInvalid where nobody is competent."""
    about = (body.rule_id, body.entity_id or body.outlet_id, body.pollutant)
    key = "/".join((body.source, *(part or "" for part in about), body.title))
    return Place(competent_bureau(room_of(session), body.division), body.enterprise_id, key)


def registered(
    session: Session,
    body: Receive,
    owner: str,
    key: str,
    *,
    journey_id: UUID | None = None,
    by: Principal,
    now: datetime,
) -> Clue:
    """Register a report as a clue of a bureau; one that goes on from another clue stays on its journey.

    What the enterprise itself declared before is marked as such.
    """
    declared = covering(session, owner, body, before=now)
    one = Register(session, by=by, now=now).opening(body, owner, key, declared, journey_id=journey_id)
    begin_all(session, [one], by=by, now=now)
    return one.subject


class Register:
    """Turns reports of one reporter into clues that may begin; those of one bureau begin alike."""

    def __init__(self, session: Session, *, by: Principal, now: datetime) -> None:
        self._session, self._by, self._now = session, by, now
        self._entrances: dict[str, Entrance] = {}

    def opening(
        self,
        body: Receive,
        owner: str,
        key: str,
        declared: SelfInspection | None,
        *,
        journey_id: UUID | None = None,
    ) -> Opening[Clue]:
        """Return the clue a report becomes under the declaration that is known to cover it, for `begin_all`."""
        values = dict(vars(body))
        if declared is not None:
            values["score_reasons"] = [*body.score_reasons, reason(declared)][-MOST_REASONS:]
            body = body.model_copy(update={"score_reasons": values["score_reasons"]})
        now = self._now
        values |= {
            "id": new_id(now),
            "journey_id": journey_id or new_id(now),
            "owner": owner,
            "state": "",
            "procedure_id": PROCEDURE,
            "created_at": now,
            "updated_at": now,
            "same_key": key,
            "declared_ref": declared.ref if declared is not None else None,
        }
        entrance = self._entrances.get(owner) or self._entrance(owner)
        return entrance.opening(fresh(Clue, values), body)

    def _entrance(self, owner: str) -> Entrance:
        """The bureau owns, its superior supervises; a partner that reported keeps sight of its report."""
        by, superior = self._by, room_of(self._session).catalogue.agencies[owner].superior
        parties = {"owner": [owner], "supervisor": [superior] if superior else []}
        if by.agency not in (owner, superior) and not by.is_system:
            parties["partner"] = [by.agency]
        made = Entrance(self._session, PROCEDURE, "receive", parties=parties, by=by, now=self._now)
        self._entrances[owner] = made
        return made


def merge(session: Session, twin: Clue, body: Receive, *, by: Principal, now: datetime) -> Clue:
    """Merge a repeated report into the open clue: it counts, its words are kept in the journal, the score may rise.

    What was observed widens to what the report adds on either side.
    """
    data = {"report": body.model_dump(mode="json"), "reports": twin.reports + 1}
    twin.reports += 1
    twin.score = max(twin.score, body.score)
    if body.observed_to and (twin.observed_to is None or body.observed_to > twin.observed_to):
        twin.observed_to = body.observed_to
    if body.observed_from and (twin.observed_from is None or body.observed_from < twin.observed_from):
        twin.observed_from = body.observed_from
    if twin.declared_ref and covering(session, twin.owner, twin, before=twin.created_at) is None:
        twin.score_reasons = [*twin.score_reasons, reason_beyond(twin.declared_ref)][-MOST_REASONS:]
        twin.declared_ref = None
    session.add(twin)
    session.flush()
    record(session, twin, Fact("clue.merged", data, step="merge"), by=by, now=now)
    return twin


def triage(session: Session, clue_id: UUID, body: Triage, *, by: Principal, now: datetime) -> Clue:
    """Say how pressing a clue is, and why."""
    clue = queries.clue(session, clue_id, seen_by=by)
    return perform(session, clue, "triage", body, by=by, now=now)


def assign(session: Session, clue_id: UUID, body: Assign, *, by: Principal, now: datetime) -> Clue:
    """Give a clue to somebody to verify, or to somebody else than before; `reply_by` sets the clock anew."""
    clue = queries.clue(session, clue_id, seen_by=by)
    require_actor(session, clue, "assign", by=by)
    if body.squad is not None:
        squads.of(body.squad)
    if body.reply_by is not None and body.reply_by <= now:
        words = Text("反馈期限应在此刻之后", "reply_by lies in the past")
        raise BodyInvalid(words, errors=[{"field": "reply_by", "code": "in_the_past", "message": words}])
    expect(session, clue)
    open_ones = deadlines.open_clocks(session, clue, [VERIFICATION])
    said = [deadlines.cancel(session, one, at=now) for one in open_ones]
    if body.reply_by is not None:
        said += agreed_clocks.run(session, clue, VERIFICATION, [clue.owner], body.reply_by, by=by, now=now)
    return perform(session, clue, "assign", body.model_dump() | ({"terms": said} if said else {}), by=by, now=now)


def verify(session: Session, clue_id: UUID, body: Verify, *, by: Principal, now: datetime) -> Clue:
    """State what verification found. Raises BodyInvalid for a visit that nobody approved."""
    clue = queries.clue(session, clue_id, seen_by=by)
    require_actor(session, clue, "verify", by=by)
    if body.inspection_ref is not None:
        require_visit(session, body.inspection_ref, clue, by=by)
    rests_on = {"ground_ref": ground(session, body.ground_ref, body.result, clue)}
    written = Verified(**(body.model_dump() | rests_on), verifiers=[*clue.verifiers, by.actor], verified_at=now)
    return perform(session, clue, "verify", written, by=by, now=now)


def review(session: Session, clue_id: UUID, body: Review, *, by: Principal, now: datetime) -> Clue:
    """Review a verification as a second person."""
    clue = queries.clue(session, clue_id, seen_by=by)
    return perform(session, clue, "review", Reviewed(**body.model_dump(), reviewed_by=by.actor), by=by, now=now)


def verify_again(session: Session, clue_id: UUID, body: VerifyAgain, *, by: Principal, now: datetime) -> Clue:
    """Send a clue back for verification."""
    clue = queries.clue(session, clue_id, seen_by=by)
    return perform(session, clue, "verify_again", body, by=by, now=now)


def accept(session: Session, clue_id: UUID, body: Accept, *, by: Principal, now: datetime) -> Clue:
    """Accept a verified clue. The case service opens a case from it."""
    clue = queries.clue(session, clue_id, seen_by=by)
    frozen = evidence.freeze(session, clue, now=now)
    written = Accepted(note=body.note, manifest=ManifestData(digest=frozen.digest, body=frozen.body))
    return perform(session, clue, "accept", written, by=by, now=now)


def decline(session: Session, clue_id: UUID, body: Decline, *, by: Principal, now: datetime) -> Clue:
    """Decline a clue, with the reason; where it was unfounded its look-alikes may be kept quiet for a stated time."""
    clue = queries.clue(session, clue_id, seen_by=by)
    declined = perform(session, clue, "decline", body, by=by, now=now)
    if body.suppress_days is not None:
        suppress(session, declined, body.suppress_days, by=by, now=now)
    clue_ended(session, declined.ref, declined.state, now=now)
    return declined


def mark_opened(session: Session, clue_id: UUID, case_ref: str, *, by: Principal, now: datetime) -> Clue:
    """Note that the case room opened a case: the filing clock now runs there."""
    clue = visible(session, Clue, clue_id, by=by)
    return perform(session, clue, "mark_opened", Opened(case_ref=case_ref), by=by, now=now)


def close(session: Session, clue_id: UUID, outcome: str, *, by: Principal, now: datetime) -> Clue:
    """Close a clue with the result of its case."""
    clue = visible(session, Clue, clue_id, by=by)
    closed = perform(session, clue, "close", Closed(outcome=outcome), by=by, now=now)
    clue_ended(session, closed.ref, closed.state, now=now)
    return closed
