"""What was sent against what is now: the frozen manifest and facts, folded with every change since."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from services.referral_service.differences.models import CaseChange, Difference, Differences, Sent
from services.referral_service.referrals.models import Referral
from shared.identity import Principal
from shared.records import evidence
from shared.records.db import relations_of
from shared.records.exhibits import position
from shared.records.items import INSIDERS

SAME = ("value", "unit", "evidence")
LOST = {"item_withdrawn": "withdrawn", "item_frozen": "frozen"}
ACTS = {"withdrawn": ("withdrawn", "item_withdrawn"), "frozen": ("found_changed", "item_frozen")}


@dataclass(frozen=True, slots=True)
class Now:
    """What is known now: the changes the case told, the referral's own items, and which of them came from the case."""

    told: Sequence[CaseChange]
    held: Mapping[str, evidence.Item]
    adopted: Mapping[str, str]
    """Id of an item in the case room -> its id here."""


def differences(session: Session, referral: Referral, *, by: Principal) -> Differences:
    """Return what was sent, and each difference from it, with when and by whom.

    The owner's side reads all of it; other parties what became of the items they were given.
    """
    now = _now(session, referral)
    sent = _sent(session, referral, now)
    items = [*_told_of_items(sent, now), *_own_items(session, referral, sent, now)]
    if relations_of(session, referral.kind, referral.id, by) & INSIDERS:
        return Differences(sent=sent, facts=list(_facts(sent, now)), items=items)
    given = _given(sent)
    theirs = sent.model_copy(update={"facts": referral.facts if sent.is_sent else {}})
    return Differences(sent=theirs, facts=[], items=[one for one in items if one.item in given])


def _now(session: Session, referral: Referral) -> Now:
    statement = select(CaseChange).where(CaseChange.referral_id == referral.id)
    told = list(session.exec(statement.order_by(col(CaseChange.seq), col(CaseChange.id))))
    held = {str(one.id): one for one in evidence.items(session, referral)}
    return Now(told, held, {one.adopted_from: one_id for one_id, one in held.items() if one.adopted_from})


def _sent(session: Session, referral: Referral, now: Now) -> Sent:
    """Return the frozen manifest, or, while nothing went out, what the draft was made from."""
    listed = evidence.frozen(session, referral, referral.sent_manifest)
    if referral.sent_manifest is None:
        listed = [_drafted(one) for one in now.held.values() if one.adopted_from]
    return Sent(
        is_sent=referral.sent_manifest is not None,
        handed_over_at=referral.handed_over_at,
        manifest=referral.sent_manifest,
        facts=referral.facts,
        items=listed,
        supplements=_supplements(referral, listed, now),
    )


def _supplements(referral: Referral, listed: Sequence[Mapping[str, Any]], now: Now) -> list[dict[str, Any]]:
    """Return the items that were handed over after the first list."""
    first = {one["item"] for one in listed}
    if referral.sent_manifest is None:
        return []
    return [_drafted(one) for key, one in now.held.items() if one.shared_at is not None and key not in first]


def _given(sent: Sent) -> dict[str, dict[str, Any]]:
    """Return every item that was handed over, first or as a supplement, by its id here."""
    return {one["item"]: one for one in (*sent.items, *sent.supplements)}


def _drafted(found: evidence.Item) -> dict[str, Any]:
    shown = found.model_dump(mode="json", include={"document", "kind", "name", "media_type", "sha256", "size"})
    return {"item": str(found.id), **shown, "details": json.loads(found.details)}


def _facts(sent: Sent, now: Now) -> Iterator[Difference]:
    """Yield each fact that is no longer as it was sent, or whose support no longer counts."""
    last = {one.key: one for one in now.told if one.what.startswith("fact_")}
    for name, change in last.items():
        before, after = sent.facts.get(name), change.after
        if _is_same(before, after):
            continue
        what = "fact_added" if before is None else "fact_removed" if after is None else "fact_changed"
        yield _difference(what, change, name=name, before=before, after=after)
    lost = _lost(now)
    for name, fact in sent.facts.items():
        for item in fact.get("evidence") or ():
            if item in lost:
                after = {"item": item, "name": lost[item].name, "state": LOST[lost[item].what]}
                yield _difference("fact_unsupported", lost[item], name=name, before=fact, after=after)


def _lost(now: Now) -> dict[str, CaseChange]:
    """Return the case's items that no longer count, with the change that took them out."""
    last = {one.key: one for one in now.told if one.what in (*LOST, "item_reinstated")}
    return {key: one for key, one in last.items() if one.what in LOST}


def _told_of_items(sent: Sent, now: Now) -> Iterator[Difference]:
    """Yield what became, at the case, of the items that were sent, and what came to it since."""
    given = _given(sent)
    lost = _lost(now)
    for key, change in {one.key: one for one in now.told if one.what == "item_added"}.items():
        if now.adopted.get(key) not in given and key not in lost:
            yield _difference("item_added", change, name=change.name, item=key, after=change.after)
    for key, change in lost.items():
        here = now.adopted.get(key)
        if here in given:
            yield _difference(change.what, change, name=change.name, item=here, before=given[here])
    for key, change in {one.key: one for one in now.told if one.what == "exhibit_moved"}.items():
        here = now.adopted.get(key)
        if here in given and given[here].get("exhibit") != change.after:
            before = given[here].get("exhibit")
            yield _difference("exhibit_moved", change, name=change.name, item=here, before=before, after=change.after)


def _own_items(session: Session, referral: Referral, sent: Sent, now: Now) -> Iterator[Difference]:
    """Yield what became of the referral's own items: withdrawn, frozen, added or moved since."""
    given = _given(sent)
    things = evidence.exhibits_of(session, referral)
    for key, found in now.held.items():
        if key in given and found.state in ACTS:
            act, what = ACTS[found.state]
            yield _of_act(session, found, act, what, before=given[key])
        elif key not in given and found.state == "held" and sent.is_sent:
            agency, _, actor = found.added_by.partition("/")
            yield Difference(
                what="item_added",
                where="referral",
                name=found.name,
                item=key,
                after=_drafted(found),
                at=found.added_at,
                agency=agency,
                actor=actor,
            )
        moved = things.get(found.id)
        if moved is not None and key in given and given[key].get("exhibit") not in (None, position(moved)):
            before, after = given[key]["exhibit"], position(moved)
            yield _of_act(session, found, None, "exhibit_moved", before=before, after=after)


def _of_act(
    session: Session,
    found: evidence.Item,
    act: str | None,
    what: str,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None = None,
) -> Difference:
    """Return a difference with who did it: the last such act in the item's custody (None: the last of any kind)."""
    done = [one for one in evidence.custody_of(session, found) if act in (None, one.act)][-1]
    return Difference(
        what=what,
        where="referral",
        name=found.name,
        item=str(found.id),
        before=before,
        after=after,
        reason=done.note,
        at=done.at,
        agency=done.agency,
        actor=done.actor,
    )


def _difference(what: str, change: CaseChange, **said: Any) -> Difference:
    who = {"reason": change.reason, "at": change.at, "agency": change.agency, "actor": change.actor}
    return Difference(what=what, where="case", **said, **who)


def _is_same(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    if before is None or after is None:
        return before is after
    return all(before.get(name) == after.get(name) for name in SAME)
