"""A clue that belongs to another agency: sent there with a clock, taken over or sent back, never lost on the way."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.clue_service.access import BUREAU
from services.clue_service.clues import queries
from services.clue_service.clues.commands import registered
from services.clue_service.clues.models import Clue, Receive, Redirect, SendBack, TakeOver
from services.clue_service.complaints.following import clue_ended
from shared.errors import Text, wrong
from shared.identity import Principal
from shared.records.perform import admit, dismiss, expect, perform, require_actor
from shared.records.room import room_of
from shared.rules.catalogue import Catalogue

ELSEWHERE = Text(
    "公益诉讼线索、职务犯罪线索按各自的程序另行移送（/v1/referrals）",
    "Clues to public interest litigation and to crimes of office go by procedures of their own (/v1/referrals)",
)


def redirect(session: Session, clue_id: UUID, body: Redirect, *, by: Principal, now: datetime) -> Clue:
    """Send a clue to the competent agency; the filing clock here runs until that agency takes it over."""
    clue = queries.clue(session, clue_id, seen_by=by)
    require_actor(session, clue, "redirect", by=by)
    expect(session, clue)
    _require_competent(room_of(session).catalogue, clue, body.redirected_to)
    admit(session, clue, {"receiver": [body.redirected_to]})
    return perform(session, clue, "redirect", body, by=by, now=now)


def _require_competent(catalogue: Catalogue, clue: Clue, agency: str) -> None:
    """Refuse an agency nobody knows, the owner itself, and one of a kind that does not act on a clue."""
    known, kinds = catalogue.agencies.get(agency), catalogue.step_fields["redirected_to"].kinds
    if known is None or agency == clue.owner:
        raise wrong("redirected_to", "unknown_agency", f"不能转送给 {agency}", f"It cannot be redirected to {agency}")
    if known.kind not in kinds:
        names = [catalogue.agency_kinds[kind] for kind in kinds]
        allowed_zh, allowed_en = "、".join(one.name_zh for one in names), ", ".join(one.name_en for one in names)
        raise wrong(
            "redirected_to",
            "wrong_kind_of_agency",
            f"{known.name_zh}不办理线索；可转送：{allowed_zh}",
            f"{known.name_en} does not act on a clue; it may go to: {allowed_en}",
            next=ELSEWHERE,
            kinds=list(kinds),
        )


def take_over(session: Session, clue_id: UUID, body: TakeOver, *, by: Principal, now: datetime) -> Clue:
    """Take over a redirected clue. An environment bureau gets a clue of its own, on the same journey."""
    clue = queries.clue(session, clue_id, seen_by=by)
    taken = perform(session, clue, "take_over", body, by=by, now=now)
    if by.kind == BUREAU:
        _goes_on(session, taken, by=by, now=now)
    clue_ended(session, taken.ref, taken.state, now=now)
    return taken


def send_back(session: Session, clue_id: UUID, body: SendBack, *, by: Principal, now: datetime) -> Clue:
    """Send a redirected clue back; the agency may still read it but does not act on it any more."""
    clue = queries.clue(session, clue_id, seen_by=by)
    back = perform(session, clue, "send_back", body, by=by, now=now)
    dismiss(session, back, relation="receiver", agency=by.agency, now_as="observer")
    return back


def _goes_on(session: Session, clue: Clue, *, by: Principal, now: datetime) -> None:
    names = set(Receive.model_fields) - {"discovered_at", "score_reasons"}
    reason = {"zh": f"由 {clue.owner} 转送", "en": f"redirected by {clue.owner}", "clue": clue.ref}
    body = Receive(
        **clue.model_dump(include=names), discovered_at=now, score_reasons=[*clue.score_reasons, reason][-50:]
    )
    room = room_of(session)
    key = f"{clue.same_key}/{clue.ref}"
    registered(session, body, by.agency, key, journey_id=clue.journey_id, by=room.itself, now=now)
