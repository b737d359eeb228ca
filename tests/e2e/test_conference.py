"""A conference through the public API alone: one agency late, one dissenting, one aside, one by sealed file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.case_service.conferences.sealed.incoming import turn
from services.case_service.conferences.sealed.outgoing import folders
from shared.dossier.command import verifier
from shared.dossier.keys import PublicKey, Signer
from shared.dossier.statements import STEP_TAKEN, state
from shared.dossier.suites import DEFAULT, suite
from shared.records.keyring import keyring_of
from tests.desk import Databases, FrozenClock, open_desk
from tests.e2e.door import Door, opened_door
from tests.journeys import EEA, FACTS, PRO, PSB
from tests.service.case.conferring import MRA, OPINION, at, path, referring

PEOPLE: dict[str, tuple[str, list[str]]] = {
    "officer": (EEA, ["case_officer"]),
    "head": (EEA, ["agency_head", "case_officer"]),
    "police": (PSB, ["liaison", "agency_head"]),
    "prosecutor": (PRO, ["liaison", "agency_head"]),
    "second_prosecutor": ("pro-320100", ["liaison"]),
    "stranger": ("eea-320100", ["case_officer"]),
}


@pytest.fixture
def door(databases: Databases, tmp_path: Path, clock: FrozenClock) -> Iterator[Door]:
    settings = databases.fresh(tmp_path / "desk").model_copy(update={"sealed_agencies": f"{MRA}@market"})
    with contextmanager(open_desk)(settings, clock) as desk, opened_door(desk, PEOPLE) as found:
        yield found


def investigated(door: Door) -> Any:
    """A case whose facts meet a standard, made through the door."""
    body = {
        "title": "非法倾倒危险废物",
        "summary": "现场检查发现",
        "enterprise_id": "ENT-1",
        "enterprise_name": "示例化工有限公司",
        "division": "320500",
        "discovered_at": at(door.desk, hours=-1),
    }
    case = door.post("officer", "/v1/cases", body, expect=201)
    address = f"/v1/cases/{case['id']}"
    door.post("head", f"{address}/file", {"case_no": "苏环立〔2026〕1号", "officers": ["张甲", "李乙"]})
    item = door.attach("officer", address, "crim_records", "现场检查笔录".encode())
    facts = {name: fact | {"evidence": [item["id"]]} for name, fact in FACTS.items()}
    door.post("officer", f"{address}/record", {"facts": facts, "conduct_on": "2026-09-01"})
    return case | {"item": item["id"]}


def by_file(door: Door, key: Signer, conference: Any, step: str, stated: Any, id: str) -> None:
    """Let market regulation take a step by a signed file."""
    room = door.desk.rooms["case"]
    inbox = folders(room).root / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    words = {"type": STEP_TAKEN, "agency": MRA, "subject": conference["ref"], "message_id": id}
    content = state(words | {"step": step, "stated": stated}, key, at=door.desk.clock.now)
    (inbox / f"{id}.json").write_bytes(content)
    turn(room)


def test_four_agencies_from_the_invitation_to_the_last_task(door: Door, tmp_path: Path) -> None:
    desk, case = door.desk, investigated(door)
    key = Signer(MRA, DEFAULT, suite(DEFAULT).new_private())
    keyring_of(desk.rooms["case"]).believe([PublicKey(MRA, DEFAULT, key.public, desk.clock.now)])
    called = {
        "title": "示例化工有限公司涉嫌倾倒危险废物会商",
        "about": [case["ref"]],
        "agenda": [{"title": "研究是否移送"}],
        "place": "三楼会议室",
        "starts_at": at(desk, days=4),
        "ends_at": at(desk, days=4, hours=2),
        "reply_by": at(desk, days=2),
        "opinions_by": at(desk, days=3),
        "access_until": at(desk, days=5),
        "invited": [{"agency": PSB, "is_required": True}, {"agency": PRO}, {"agency": "pro-320100"}, {"agency": MRA}],
        "quorum": {"agencies": 3},
        "materials": [case["item"]],
    }
    conference = door.post("officer", "/v1/conferences", called, expect=201)
    assert turn(desk.rooms["case"]) == 1
    assert door.call("stranger", "GET", path(conference)).status_code == 404

    door.post("police", path(conference, "accept"), {"people": [{"name": "陈丁"}]})
    door.post("prosecutor", path(conference, "accept"))
    door.post("second_prosecutor", path(conference, "recuse"), {"because": "与当事人有利害关系"})
    by_file(door, key, conference, "accept", {}, "m1")
    by_file(door, key, conference, "opine", OPINION, "m2")
    dissent = OPINION | {"is_dissent": True, "sufficiency": "partly", "recommendation": "补充后再移送"}
    door.post("prosecutor", path(conference, "opine"), dissent)
    desk.clock.advance(days=3, hours=2)
    door.post("police", path(conference, "opine"), OPINION)
    marks = {one["agency"]: (one["is_late"], one["is_dissent"]) for one in items(door, conference, "opinions")}
    assert marks == {MRA: (False, False), PRO: (False, True), PSB: (True, False)}

    desk.clock.advance(hours=22)
    door.post("officer", path(conference, "open"), {"chair": "赵戊", "recorder": "钱己"})
    door.post("officer", path(conference, "attend"), {"name": "赵戊", "post": "副局长"})
    door.post("police", path(conference, "attend"), {"name": "陈丁", "post": "副支队长"})
    tasks = [{"task": "查明废酸去向", "agency": PSB, "due_at": at(desk, days=3)}]
    door.post("head", path(conference, "resolve"), referring(conference) | {"actions": tasks})
    assert door.get("officer", f"/v1/cases/{case['id']}")["state"] == "referral_requested"
    desk.drain()
    assert door.get("officer", "/v1/referrals")["items"][0]["case_ref"] == case["ref"]

    minutes_are_signed_by_all(door, conference, key, tmp_path)
    tasks_are_followed_to_the_end(door, conference)


def items(door: Door, conference: Any, part: str) -> list[Any]:
    """The parts of a conference as the officer reads them."""
    found: list[Any] = door.get("officer", path(conference, part))["items"]
    return found


def minutes_are_signed_by_all(door: Door, conference: Any, key: Signer, tmp_path: Path) -> None:
    """The minutes show who dissented, who was late, who stood aside; every agency signs; an outsider checks."""
    desk = door.desk
    body = {"conclusions": ["同意移送，检察机关保留意见"], "signatures_by": at(desk, days=2)}
    door.post("officer", path(conference, "write-minutes"), body)
    version = door.get("police", path(conference, "minutes/1"))
    text = version["says"]["text"]
    assert "【不同意见】苏州市人民检察院" in text
    assert "【逾期提交】苏州市公安局" in text
    assert [one["agency"] for one in version["says"]["recused"]] == ["pro-320100"]
    assert set(version["awaits"]) == {EEA, PSB, PRO, MRA}
    for who in ("head", "police", "prosecutor"):
        door.post(who, path(conference, "sign-minutes"), {"number": 1})
    refused = door.call("second_prosecutor", "POST", path(conference, "sign-minutes"), json={"number": 1})
    assert refused.status_code == 403
    said = {"type": "minutes_signature", "agency": MRA, "subject": conference["ref"], "number": 1}
    said |= {"minutes_digest": version["digest"], "decision": "signed", "reasons": "", "at": desk.clock.now.isoformat()}
    statement = state(said, key, at=desk.clock.now).decode()
    by_file(door, key, conference, "sign_minutes", {"number": 1, "statement": statement}, "m3")
    verdict = door.get("police", path(conference, "minutes/1/verify"))
    assert verdict["holds"]
    assert verdict["awaits"] == []
    file = tmp_path / "minutes.json"
    file.write_bytes(door.call("police", "GET", path(conference, "minutes/1.json")).content)
    (report,) = verifier(known=keyring_of(desk.rooms["case"]).public_keys()).verify(file)
    assert report.holds
    assert door.call("police", "GET", path(conference, "minutes/1.pdf")).content.startswith(b"%PDF-")


def tasks_are_followed_to_the_end(door: Door, conference: Any) -> None:
    """The police's task is late, reported, proved, verified; then the conference is closed."""
    door.desk.clock.advance(days=4)
    door.desk.sweep()
    assert items(door, conference, "actions")[0]["is_overdue"]
    proof = door.attach("police", path(conference), "action_proof", "去向说明".encode())
    door.post("police", path(conference, "report-action"), {"number": 1, "progress": "已查明去向"})
    door.post("police", path(conference, "finish-action"), {"number": 1, "proof": [proof["id"]]})
    assert door.call("head", "POST", path(conference, "close"), json={}).status_code == 409
    door.post("officer", path(conference, "verify-action"), {"number": 1, "note": "属实"})
    assert door.post("head", path(conference, "close"))["state"] == "closed"
    materials = [one for one in door.get("police", path(conference, "evidence"))["items"] if one["id"] != proof["id"]]
    assert materials == []
    answer = door.call("police", "POST", path(conference, "opine"), json=OPINION)
    assert answer.status_code == 409
    assert "已办结" in answer.json()["detail"]
