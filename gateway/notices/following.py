"""A notice that asks for an answer and got none: the person is asked again, then the head of the agency is called."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from gateway.exchange.models import PersonNotice
from gateway.identity.models import Person
from gateway.notices.telling import rule_of, tell
from shared.events import NoticeRaised
from shared.records.room import Room, room_of

BATCH = 100


def follow_up(room: Room) -> int:
    """Follow up what stayed unanswered until now. Returns how many notices were looked at."""
    with room.reading() as session:
        if session.exec(_unanswered(room.clock()).limit(1)).first() is None:
            return 0
    with room.transaction() as session:
        now = room.clock()
        found = list(session.exec(_unanswered(now).limit(BATCH).with_for_update(skip_locked=True)))
        for notice in found:
            _follow(session, notice, now=now)
        return len(found)


def _unanswered(now: datetime) -> Any:
    statement = select(PersonNotice).where(col(PersonNotice.follow_at) <= now)
    return statement.order_by(col(PersonNotice.follow_at), col(PersonNotice.id))


def _follow(session: Session, notice: PersonNotice, *, now: datetime) -> None:
    """Ask the person again the first time, call the agency's head the second; each once."""
    rule = rule_of(session, in_hours=notice.in_hours)
    person = session.get(Person, notice.person_id)
    notice.followed += 1
    goes_on = notice.followed == 1 and rule is not None
    notice.follow_at = rule.after(now, room_of(session).calendar) if goes_on and rule is not None else None
    session.add(notice)
    session.flush()
    if rule is None or person is None:
        return
    if notice.followed == 1:
        tell(session, _asked_again(notice, person), now=now)
    elif not _is_answered(session, notice):
        for role in rule.roles:
            tell(session, _called(notice, person, role), now=now)


def _is_answered(session: Session, notice: PersonNotice) -> bool:
    """Whether anybody of the agency who was told the same has acknowledged it: then the agency knows."""
    statement = select(PersonNotice.id).where(
        PersonNotice.key == notice.key,
        PersonNotice.agency == notice.agency,
        col(PersonNotice.acknowledged_at).is_not(None),
    )
    return session.exec(statement.limit(1)).first() is not None


def _asked_again(notice: PersonNotice, person: Person) -> NoticeRaised:
    return NoticeRaised(
        key=f"asked:{notice.id}",
        role="",
        person=person.ref,
        **_common(notice),
        title_zh=f"请确认：{notice.title_zh}",
        title_en=f"Please acknowledge: {notice.title_en}",
        body_zh=f"此提醒尚未确认：{notice.body_zh}",
        body_en=f"You have not acknowledged this notice: {notice.body_en}",
    )


def _called(notice: PersonNotice, person: Person, role: str) -> NoticeRaised:
    return NoticeRaised(
        key=f"unanswered:{notice.agency}:{notice.key}",
        role=role,
        **_common(notice),
        title_zh=f"无人确认：{notice.title_zh}",
        title_en=f"Nobody acknowledged: {notice.title_en}",
        body_zh=f"{person.name} 经再次提醒仍未确认，请安排人员办理：{notice.body_zh}",
        body_en=f"{person.name} was reminded and did not acknowledge; see that somebody acts: {notice.body_en}",
    )


def _common(notice: PersonNotice) -> dict[str, Any]:
    return {
        "agency": notice.agency,
        "type": "notice.unanswered",
        "level": "urgent",
        "subject": notice.subject,
        "in_hours": notice.in_hours,
    }
