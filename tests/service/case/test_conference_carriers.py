"""Conferences without the console: by a partner's signed message, and by sealed file alone."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.case_service.conferences.sealed.incoming import turn
from services.case_service.conferences.sealed.outgoing import folders
from shared.dossier.command import verifier
from shared.dossier.keys import PublicKey, Signer
from shared.dossier.statements import STEP_ANSWER, STEP_TAKEN, Statement, state
from shared.dossier.suites import DEFAULT, suite
from shared.identity import Principal
from shared.records.keyring import keyring_of
from tests.desk import Databases, Desk, FrozenClock, open_desk
from tests.journeys import OFFICER, POLICE, PSB
from tests.service.case.conferring import MRA, OPINION, STRANGER, convened, path, referring


def send(desk: Desk, who: Principal, subject: str, data: dict[str, Any], *, id: str = "m1") -> httpx.Response:
    """Deliver a partner's message to the room as the gateway does once it has verified it."""
    event = {"specversion": "1.0", "id": id, "source": "/partner", "type": "partner.step", "subject": subject}
    event |= {"time": desk.clock.now.isoformat(), "journeyid": "018f0000-0000-7000-8000-000000000000", "data": data}
    return desk.call(who, "POST", "/internal/inbound", content=json.dumps(event).encode(), room="case")


class TestMessages:
    def test_a_message_takes_the_step_once(self, desk: Desk) -> None:
        conference = convened(desk)
        answer = send(desk, POLICE, conference["ref"], {"step": "opine", "stated": OPINION})
        assert answer.status_code == 200
        again = send(desk, POLICE, conference["ref"], {"step": "opine", "stated": OPINION})
        assert again.headers["message-repeated"] == "true"
        assert [one["agency"] for one in desk.get(OFFICER, path(conference, "opinions"))["items"]] == [PSB]

    def test_what_does_not_fit_is_refused_in_words(self, desk: Desk) -> None:
        conference = convened(desk)
        cases: list[tuple[Principal, str, dict[str, Any], int]] = [
            (POLICE, "conference:nothing", {"step": "accept"}, 422),
            (POLICE, "case:018f0000-0000-7000-8000-000000000000", {"step": "accept"}, 422),
            (POLICE, conference["ref"], {"step": "dance"}, 422),
            (POLICE, conference["ref"], {"stated": {}}, 422),
            (POLICE, conference["ref"], {"step": "opine", "stated": {"facts": ""}}, 422),
            (POLICE, conference["ref"], {"step": "resolve", "stated": referring(conference)}, 403),
            (STRANGER, conference["ref"], {"step": "accept"}, 404),
        ]
        for number, (who, subject, data, status) in enumerate(cases):
            answer = send(desk, who, subject, data, id=f"bad{number}")
            assert answer.status_code == status, (subject, data, answer.text)
            assert answer.json()["detail"]


@pytest.fixture
def apart(databases: Databases, tmp_path: Path, clock: FrozenClock) -> Iterator[Desk]:
    """A desk on which market regulation is reached by sealed file alone."""
    settings = databases.fresh(tmp_path / "desk").model_copy(update={"sealed_agencies": f"{MRA}@market"})
    yield from open_desk(settings, clock)


@pytest.fixture
def key(apart: Desk) -> Signer:
    """The key of market regulation, which this desk only knows the public half of."""
    signer = Signer(MRA, DEFAULT, suite(DEFAULT).new_private())
    keyring_of(apart.rooms["case"]).believe([PublicKey(MRA, DEFAULT, signer.public, apart.clock.now)])
    return signer


def outgoing(desk: Desk) -> list[Path]:
    """What lies in the outbox, by name: bags, then answers."""
    return sorted((folders(desk.rooms["case"]).root / "outbox" / "market").iterdir())


def bring(desk: Desk, signer: Signer, conference: Any, step: str, stated: Any, *, id: str, **said: Any) -> Path:
    """Put a signed step into the inbox and let the worker's chore run."""
    inbox = folders(desk.rooms["case"]).root / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    words = {"type": STEP_TAKEN, "agency": MRA, "subject": conference["ref"], "message_id": id} | said
    file = inbox / f"{id}.json"
    file.write_bytes(state(words | {"step": step, "stated": stated}, signer, at=desk.clock.now))
    turn(desk.rooms["case"])
    return file


def answers(desk: Desk) -> list[tuple[str, str]]:
    """What the convener answered: message and outcome."""
    said = [Statement(one.read_bytes()).said for one in outgoing(desk) if one.name.startswith("answer-")]
    assert {one["type"] for one in said} <= {STEP_ANSWER}
    return [(one["message_id"], one["outcome"]) for one in said]


class TestSealed:
    def test_the_invitation_leaves_with_its_materials_once(self, apart: Desk, key: Signer, tmp_path: Path) -> None:
        conference = convened(apart)
        assert turn(apart.rooms["case"]) == 1
        assert turn(apart.rooms["case"]) == 0
        (bag,) = outgoing(apart)
        (report,) = verifier(known=keyring_of(apart.rooms["case"]).public_keys()).verify(bag)
        assert report.holds, report.failures
        assert report.facts["type"] == "desk.conference_invitation"
        shutil.unpack_archive(bag, tmp_path / "out")
        folder = next((tmp_path / "out").iterdir()) / "data"
        assert json.loads((folder / "conference.json").read_text())["agenda"] == conference["agenda"]
        assert (folder / "invitation.ics").read_text().startswith("BEGIN:VCALENDAR")
        assert "现场检查笔录".encode() in {one.read_bytes() for one in folder.rglob("*.txt")}
        apart.post(OFFICER, path(conference, "change"), {"place": "五楼", "reason": "换会议室"})
        apart.post(OFFICER, path(conference, "cancel"), {"reason": "取消"})
        assert turn(apart.rooms["case"]) == 1
        last = [json.loads(one["body"])["data"] for one in apart.get(OFFICER, path(conference, "journal"))["items"]][-1]
        assert last["what"] == "invitation:2"

    def test_answer_opinion_and_signature_come_back(self, apart: Desk, key: Signer) -> None:
        conference = convened(apart, quorum={"agencies": 2})
        bring(apart, key, conference, "accept", {"people": [{"name": "吴辛"}]}, id="a")
        file = bring(apart, key, conference, "opine", OPINION | {"is_dissent": True}, id="b")
        assert not file.exists()
        apart.clock.advance(days=4)
        apart.post(OFFICER, path(conference, "open"), {"chair": "赵戊"})
        apart.post(OFFICER, path(conference, "write-minutes"), {"conclusions": ["研究"]})
        digest = apart.get(OFFICER, path(conference, "minutes/1"))["digest"]
        said = {"type": "minutes_signature", "agency": MRA, "subject": conference["ref"], "number": 1}
        said |= {"minutes_digest": digest, "decision": "signed", "reasons": "", "at": apart.clock.now.isoformat()}
        statement = state(said, key, at=apart.clock.now).decode()
        bring(apart, key, conference, "sign_minutes", {"number": 1, "statement": statement}, id="c")
        assert sorted(answers(apart)) == [("a", "taken"), ("b", "taken"), ("c", "taken")]
        (opinion,) = apart.get(OFFICER, path(conference, "opinions"))["items"]
        assert (opinion["agency"], opinion["is_dissent"]) == (MRA, True)
        verdict = apart.get(OFFICER, path(conference, "minutes/1/verify"))
        assert verdict["holds"]

    def test_a_repeated_file_is_taken_once(self, apart: Desk, key: Signer) -> None:
        conference = convened(apart)
        bring(apart, key, conference, "opine", OPINION, id="a")
        bring(apart, key, conference, "opine", OPINION, id="a")
        assert len(apart.get(OFFICER, path(conference, "opinions"))["items"]) == 1

    def test_what_is_not_theirs_is_set_aside(self, apart: Desk, key: Signer) -> None:
        conference = convened(apart, invited=[{"agency": PSB}], quorum={"agencies": 2})
        root = folders(apart.rooms["case"]).root
        bring(apart, key, conference, "opine", OPINION, id="uninvited")
        bring(apart, key, conference, "opine", OPINION, id="posing", agency=PSB)
        bring(apart, Signer(MRA, DEFAULT, suite(DEFAULT).new_private()), conference, "opine", OPINION, id="forged")
        (root / "inbox" / "torn.json").write_bytes(b'{"body"')
        turn(apart.rooms["case"])
        names = {one.name for one in (root / "quarantine").iterdir()}
        assert names == {
            f"{name}.json{more}" for name in ("uninvited", "posing", "forged", "torn") for more in ("", ".reason.json")
        }
        assert apart.get(OFFICER, path(conference, "opinions"))["items"] == []
        assert not (root / "outbox").exists()

    def test_a_refused_step_is_answered_with_its_reason(self, apart: Desk, key: Signer) -> None:
        conference = convened(apart)
        apart.post(OFFICER, path(conference, "cancel"), {"reason": "取消"})
        bring(apart, key, conference, "opine", OPINION, id="late")
        assert answers(apart) == [("late", "refused")]
