"""Fills an empty desk for a demonstration: people of one city's four agencies and the partners' programs."""

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from gateway.exchange import webhooks
from gateway.exchange.models import NewSubscription
from gateway.identity import commands as identity
from gateway.identity.models import NewClient, NewPerson
from gateway.identity.sealing import Seal
from shared.config import Settings
from shared.identity import Principal
from shared.records.room import Room
from shared.web.assembly import make_room

CITY = "320500"
EEA, PSB, PRO, MRA = f"eea-{CITY}", f"psb-{CITY}", f"pro-{CITY}", f"mra-{CITY}"
PROVINCE = "eea-320000"
PEOPLE: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("zhang", "张甲（办案）", EEA, ("case_officer", "clue_officer")),
    ("wang", "王局（负责人）", EEA, ("agency_head",)),
    ("zhao", "赵保管（证据）", EEA, ("evidence_keeper", "liaison")),
    ("root", "管理员", EEA, ("administrator",)),
    ("province", "省厅督办", PROVINCE, ("agency_head", "liaison", "administrator")),
    ("police", "公安联络员", PSB, ("liaison", "administrator")),
    ("prosecutor", "检察联络员", PRO, ("liaison", "administrator")),
    ("market", "市场监管联络员", MRA, ("liaison",)),
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a partner's program needs: who it is, its secrets, and the key that verifies what is pushed to it."""

    agency: str
    client_id: str
    client_secret: str
    signing_secret: str
    verification_key: str


def seed(settings: Settings, *, partner_url: str) -> tuple[dict[str, str], list[Credentials]]:
    """Add the people and programs once. Returns logins with passwords, and the partners' credentials.

    What was added is kept in `demo.json` (mode 0600) beside the databases, so that a second run finds it again.
    """
    known = remembered(settings)
    if "partners" in known:
        return known["people"], [Credentials(**one) for one in known["partners"]]
    passwords = {login: secrets.token_urlsafe(9) for login, *_ in PEOPLE}
    room = make_room("gateway", {}, settings)
    try:
        for login, name, agency, roles in PEOPLE:
            _add_person(
                room,
                NewPerson(
                    login=login,
                    name=name,
                    agency=agency,
                    roles=list(roles),
                    password=passwords[login],
                    email=f"{login}@example.invalid",
                ),
            )
        partners = [_add_partner(room, agency, f"{partner_url}/{agency}") for agency in (PSB, PRO)]
    finally:
        room.database.close()
    remember(settings, people=passwords, partners=[asdict(one) for one in partners])
    return passwords, partners


def remembered(settings: Settings) -> dict[str, Any]:
    """Return what the demonstration keeps of itself."""
    kept = settings.folder / "demo.json"
    return dict(json.loads(kept.read_text(encoding="utf-8"))) if kept.exists() else {}


def remember(settings: Settings, **values: Any) -> None:
    """Keep more of the demonstration, readable by its owner only."""
    kept = settings.folder / "demo.json"
    text = json.dumps(remembered(settings) | values, ensure_ascii=False)
    kept.touch(mode=0o600)
    kept.write_text(text, encoding="utf-8")


def administrator(room: Room, agency: str) -> Principal:
    """Return the principal that sets an agency up before it has an administrator of its own."""
    kind = room.catalogue.agencies[agency].kind
    return Principal(agency=agency, kind=kind, actor="setup", roles=frozenset({"administrator"}), name="setup")


def _add_person(room: Room, body: NewPerson) -> None:
    with room.transaction() as session:
        identity.add_person(session, body, by=administrator(room, body.agency), now=room.clock())


def _add_partner(room: Room, agency: str, url: str) -> Credentials:
    """Add a partner's program and have everything pushed to it."""
    seal, by, now = Seal(room.settings.internal_secret), administrator(room, agency), room.clock()
    wanted = NewClient(agency=agency, name=f"demo {agency}", roles=["liaison"])
    with room.transaction() as session:
        client, secret, signing = identity.add_client(session, wanted, seal, by=by, now=now)
        _row, key = webhooks.add(session, NewSubscription(url=url), seal, by=by, now=now)
        return Credentials(agency, str(client.id), secret, signing, key)
