"""What a person chooses and an agency asks: channels by level in their order, quiet hours, the digest."""

import json
from datetime import datetime
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import AfterValidator, StringConstraints
from pydantic import Field as Said
from sqlmodel import Session, col, select

from gateway.identity import queries as identity
from gateway.identity.models import Body, Person
from gateway.notices.models import MAIL, NoticeChannel, NoticeMandate, NoticePreference
from gateway.notices.quiet import LEVELS, URGENT, Hours
from shared.errors import BodyInvalid, NotVisible, Text
from shared.identity import Principal
from shared.records.journal import Fact, chain

Hour = Annotated[int, Said(ge=0, le=23, strict=True)]
Kind = Literal["mail", "bot", "webhook"]
ChannelName = Annotated[
    str, StringConstraints(pattern=r"^(mail|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$")
]
Order = Annotated[list[ChannelName], Said(max_length=20), AfterValidator(lambda names: list(dict.fromkeys(names)))]
Kinds = Annotated[list[Kind], Said(max_length=3), AfterValidator(lambda kinds: sorted(set(kinds)))]


class Preferences(Body):
    """One's choice: for each level the channels in the order in which they are tried; none said: all one has.

    The inbox always has everything. Quiet hours and the digest concern what is not urgent and counts no hours.
    """

    urgent: Order | None = None
    reminder: Order | None = None
    info: Order | None = None
    quiet_from: Hour = 20
    quiet_to: Hour = 8
    digest_hour: Hour | None = None


class Mandate(Body):
    """What an agency asks of its people: kinds of channel that urgent notices must use, limits of the quiet hours."""

    urgent: Kinds = Said(default=[])
    quiet_from: Hour = 18
    quiet_to: Hour = 9
    digest: bool = True


def own(session: Session, by: Principal) -> Person:
    """Return the person who acts. Raises NotVisible for a program."""
    kind, _, person_id = by.actor.partition(":")
    person = session.get(Person, UUID(person_id)) if kind == "person" else None
    if person is None:
        raise NotVisible(Text("提醒设置属于个人，程序没有", "Notice settings belong to people; a program has none"))
    return person


def chosen(session: Session, person_id: UUID) -> Preferences:
    """Return a person's choice, or what holds without one."""
    row = session.get(NoticePreference, person_id)
    return Preferences() if row is None else Preferences.model_validate_json(row.chosen)


def asked(session: Session, agency: str) -> Mandate:
    """Return what an agency asks, or what holds without a word of it."""
    row = session.get(NoticeMandate, agency)
    return Mandate() if row is None else Mandate.model_validate_json(row.asked)


def choose(session: Session, body: Preferences, *, by: Principal, now: datetime) -> Preferences:
    """Store one's own choice, within what the agency asks. Raises BodyInvalid and says what does not fit."""
    person = own(session, by)
    channels = channels_of(session, person)
    _check(body, asked(session, person.agency), channels)
    row = session.get(NoticePreference, person.id) or NoticePreference(person_id=person.id, chosen="", updated_at=now)
    row.chosen, row.updated_at = body.model_dump_json(), now
    session.add(row)
    fact = Fact("person.notices_chosen", {"agency": person.agency, **body.model_dump(mode="json")})
    chain(session, person.ref, fact, journey_id=person.id, by=by, now=now)
    return body


def ask(session: Session, agency: str, body: Mandate, *, by: Principal, now: datetime) -> Mandate:
    """Store what an agency asks of its people. Raises NotYourStep or NotVisible."""
    identity.check_governs(session, by, agency)
    row = session.get(NoticeMandate, agency) or NoticeMandate(agency=agency, asked="", updated_at=now)
    row.asked, row.updated_at = body.model_dump_json(), now
    session.add(row)
    note(session, agency, Fact("notices.mandated", body.model_dump(mode="json")), by=by, now=now)
    return body


def mandate_of(session: Session, agency: str, *, by: Principal) -> Mandate:
    """Return what one's own agency asks, or one that one administers. Raises NotYourStep or NotVisible."""
    if agency != by.agency:
        identity.check_governs(session, by, agency)
    return asked(session, agency)


def note(session: Session, agency: str, fact: Fact, *, by: Principal, now: datetime) -> None:
    """Journal a change of an agency's notice settings, on the agency's own chain."""
    said = Fact(fact.type, {"agency": agency, **fact.data})
    chain(session, f"notices:{agency}", said, journey_id=uuid5(NAMESPACE_URL, f"notices:{agency}"), by=by, now=now)


def channels_of(session: Session, person: Person) -> dict[str, str]:
    """Return a person's channels that are in use, oldest first: name and kind; mail stands first."""
    statement = select(NoticeChannel).where(NoticeChannel.person_id == person.id, col(NoticeChannel.ended_at).is_(None))
    found = {row.name: row.kind for row in session.exec(statement.order_by(col(NoticeChannel.id)))}
    return ({MAIL: "mail"} if person.email else {}) | found


def hours_of(choice: Preferences, mandate: Mandate) -> Hours:
    """Return the hours that hold: a choice beyond a mandate of later date is cut to it."""
    quiet_from, quiet_to = choice.quiet_from, choice.quiet_to
    if quiet_from > quiet_to:
        quiet_from, quiet_to = max(quiet_from, mandate.quiet_from), min(quiet_to, mandate.quiet_to)
    elif quiet_from < quiet_to and not _fits(choice, mandate):
        quiet_from, quiet_to = mandate.quiet_from, mandate.quiet_to
    return Hours(quiet_from, quiet_to, choice.digest_hour if mandate.digest else None)


def order_of(choice: Preferences, level: str, has: dict[str, str]) -> list[str]:
    """Return the channels of a level in the person's order, those it has only.

    Where every channel that was chosen has been ended since, all that are left are used; none chosen stays none.
    """
    wanted = getattr(choice, level) if level in LEVELS else None
    if wanted is None:
        return list(has)
    found = [name for name in wanted if name in has]
    return found if found or not wanted else list(has)


def at_once(order: list[str], level: str, has: dict[str, str], mandate: Mandate) -> list[str]:
    """Return the channels used at once: the first of the order, and for urgent what the agency asks for."""
    required = [name for name, kind in has.items() if level == URGENT and kind in mandate.urgent]
    return list(dict.fromkeys([*order[:1], *required]))


def _fits(choice: Preferences, mandate: Mandate) -> bool:
    """Whether quiet hours lie in the night that the agency grants; none always do."""
    if choice.quiet_from == choice.quiet_to:
        return True
    night = Hours(mandate.quiet_from, mandate.quiet_to)
    wanted = Hours(choice.quiet_from, choice.quiet_to)
    return all(night.are_quiet(hour) for hour in range(24) if wanted.are_quiet(hour))


def _check(body: Preferences, mandate: Mandate, has: dict[str, str]) -> None:
    errors: list[dict[str, object]] = []
    for level in LEVELS:
        unknown = [name for name in getattr(body, level) or () if name not in has]
        if unknown:
            text = Text(f"没有渠道 {'、'.join(unknown)}", f"You have no channel {', '.join(unknown)}")
            errors.append({"field": level, "code": "unknown_channel", "message": text})
    used = {has.get(name) for name in order_of(body, URGENT, has)}
    for kind in mandate.urgent:
        if kind in has.values() and kind not in used:
            text = Text(f"本单位要求紧急通知使用 {kind}", f"Your agency wants urgent notices by {kind}")
            errors.append({"field": URGENT, "code": "mandated", "message": text})
    if not _fits(body, mandate):
        text = Text(
            f"免打扰时段须在 {mandate.quiet_from} 时至 {mandate.quiet_to} 时之内",
            f"Quiet hours lie between {mandate.quiet_from}:00 and {mandate.quiet_to}:00 at your agency",
        )
        errors.append({"field": "quiet_from", "code": "mandated", "message": text})
    if body.digest_hour is not None and not mandate.digest:
        text = Text("本单位不允许每日汇总", "Your agency does not allow a daily digest")
        errors.append({"field": "digest_hour", "code": "mandated", "message": text})
    if errors:
        raise BodyInvalid(Text("提醒设置不符合要求", "The settings do not fit"), errors=errors)


def preferences_of(session: Session, people: list[Person]) -> dict[UUID, Preferences]:
    """Return the choices of many people at once."""
    statement = select(NoticePreference).where(col(NoticePreference.person_id).in_([person.id for person in people]))
    found = {row.person_id: Preferences(**json.loads(row.chosen)) for row in session.exec(statement)}
    return {person.id: found.get(person.id) or Preferences() for person in people}
