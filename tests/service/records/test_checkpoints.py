"""The daily checkpoint: signed, chained, told to the superior, stamped, and a witness against a rewritten journal."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import select

from shared.dossier.stamps import read_roots
from shared.dossier.statements import Statement
from shared.dossier.verifying import Verifier
from shared.records import checkpoints
from shared.records.db import table_of
from shared.records.journal import Entry
from shared.records.keyring import open_keyring
from shared.records.room import Room
from shared.web.room_worker import stamp_all
from tests import journeys
from tests.desk import Databases, Desk, FrozenClock, open_desk
from tests.journeys import OFFICER
from tests.stamping import OPENSSL, Authority, serving

EEA = journeys.EEA


@pytest.fixture
def desk(databases: Databases, tmp_path: Path, clock: FrozenClock) -> Iterator[Desk]:
    settings = databases.fresh(tmp_path / "desk").model_copy(update={"desk_agency": EEA})
    yield from open_desk(settings, clock)


def rows(room: Room) -> list[checkpoints.Checkpoint]:
    with room.reading() as session:
        return checkpoints.all_of(session)


def test_a_day_is_closed_once_and_not_before_it_is_over(desk: Desk):
    journeys.receive_clue(desk)
    room = desk.rooms["clue"]
    desk.clock.advance(hours=15, minutes=9)  # 00:09 of the next day
    assert checkpoints.tend(room) == 0
    desk.clock.advance(minutes=2)
    assert checkpoints.tend(room) == 1
    assert checkpoints.tend(room) == 0
    (found,) = rows(room)
    statement = Statement(found.statement.encode())
    with room.reading() as session:
        heads = {
            row.subject: [row.subject, row.seq, row.hash] for row in session.exec(select(Entry).order_by(Entry.seq))
        }
    assert sorted(statement.said["heads"]) == sorted(heads.values())
    assert (statement.said["room"], statement.said["on"], statement.said["previous"]) == ("clue", "2026-09-07", "")
    assert [one.outcome for one in statement.check(open_keyring(room.settings).trust(), path="")] == ["holds"]


def test_days_without_an_entry_are_closed_too_and_each_names_the_one_before(desk: Desk):
    journeys.receive_clue(desk)
    desk.clock.advance(days=4)
    room = desk.rooms["clue"]
    assert checkpoints.tend(room) == 4
    found = rows(room)
    assert [row.entries for row in found][1:] == [0, 0, 0]
    said = [Statement(row.statement.encode()).said["previous"] for row in found]
    assert said == ["", *(row.digest for row in found[:-1])]


def test_the_superior_is_told_and_could_prove_it(desk: Desk):
    journeys.receive_clue(desk)
    desk.drain()
    desk.clock.advance(days=1)
    checkpoints.tend(desk.rooms["clue"])
    desk.to_gateway.clear()
    desk.drain()
    (event,) = [one for one in desk.to_gateway if one["type"] == "checkpoint.published"]
    (found,) = rows(desk.rooms["clue"])
    assert event["recipients"] == "eea-320000"
    assert event["data"]["digest"] == found.digest
    assert event["data"]["signature"]["digest"] == f"sha256:{found.digest}"
    assert event["data"]["signature"]["agency"] == EEA


def test_nothing_is_closed_where_nothing_happened(desk: Desk):
    desk.clock.advance(days=3)
    assert [checkpoints.tend(room) for room in desk.rooms.values()] == [0, 0, 0]


def cli(desk: Desk, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the operator's command over this desk's databases."""
    settings = desk.rooms["referral"].settings
    wanted = {
        name: str(getattr(settings, name)) for name in ("folder", "database_server", "database_prefix", "desk_agency")
    }
    environment = os.environ | {f"LIANQIN_{name.upper()}": value for name, value in wanted.items()}
    command = [sys.executable, "-m", "scripts.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def rewrite(room: Room, ref: str) -> None:
    """What a dishonest operator would do: change an old entry and mend every hash after it."""
    table = table_of(Entry)
    with room.transaction() as session:
        prev = ""
        for row in session.exec(select(Entry).where(Entry.subject == ref).order_by(Entry.seq)).all():
            said = json.loads(row.body) | {"prev": prev}
            if row.seq == 2:
                said["data"] = said["data"] | {"note": "nothing was wrong"}
            body = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            hash_ = hashlib.sha256(body.encode()).hexdigest()
            session.execute(update(table).where(table.c.id == row.id).values(body=body, prev=prev, hash=hash_))
            prev = hash_


def test_a_journal_rewritten_whole_is_caught_by_a_checkpoint_kept_elsewhere(desk: Desk, tmp_path: Path):
    sent = journeys.sent_referral(desk)
    desk.clock.advance(days=1)
    answer = cli(desk, "checkpoint", "--out", tmp_path / "kept", "--room", "referral", "--json")
    assert answer.returncode == 0, answer.stderr
    first = tmp_path / "kept/checkpoint-referral-2026-09-07.json"
    assert json.loads(answer.stdout)[0]["digest"] == Statement(first.read_bytes()).digest
    assert verified(desk, sent, tmp_path / "before.zip", first).returncode == 0
    rewrite(desk.rooms["referral"], sent["ref"])
    assert "0 broken" in cli(desk, "verify-journals").stdout
    caught = verified(desk, sent, tmp_path / "after.zip", first)
    assert caught.returncode == 1
    assert "与 2026-09-07 的检查点不一致" in caught.stdout


def verified(desk: Desk, referral: Any, file: Path, checkpoint: Path) -> subprocess.CompletedProcess[str]:
    file.write_bytes(desk.call(OFFICER, "GET", f"/v1/referrals/{referral['id']}/dossier").content)
    return cli(desk, "verify", file, "--checkpoint", checkpoint)


@pytest.mark.skipif(OPENSSL is None, reason="needs openssl as a time stamp authority")
class TestStamps:
    def test_a_checkpoint_is_stamped_and_two_programs_agree(self, desk: Desk, tmp_path: Path):
        journeys.receive_clue(desk)
        desk.clock.advance(days=1)
        room, authority = desk.rooms["clue"], Authority(tmp_path / "authority")
        checkpoints.tend(room)
        assert not rows(room)[0].stamp
        with serving(authority) as url:
            room.settings.tsa_url = url
            assert stamp_all(room) == 1
            assert stamp_all(room) == 0
        (found,) = rows(room)
        file, stamp = tmp_path / "c.json", tmp_path / "c.tsr"
        file.write_text(found.statement)
        stamp.write_bytes(checkpoints.stamp_of(found))
        (tmp_path / "c.sha256").write_text(f"{hashlib.sha256(stamp.read_bytes()).hexdigest()}  c.tsr\n")
        assert authority.agrees(stamp, file)
        trust = open_keyring(room.settings).trust()
        (report,) = Verifier(trust, read_roots(authority.root.read_bytes())).verify(file)
        assert report.holds
        assert report.has("stamped")
        other = Authority(tmp_path / "other")
        (report,) = Verifier(trust, read_roots(other.root.read_bytes())).verify(file)
        assert [one.code for one in report.failures] == ["stamp_false"]

    def test_an_authority_that_does_not_answer_is_asked_again(self, desk: Desk, tmp_path: Path):
        journeys.receive_clue(desk)
        desk.clock.advance(days=1)
        room = desk.rooms["clue"]
        checkpoints.tend(room)
        room.settings.tsa_url = "http://127.0.0.1:9/"
        assert stamp_all(room) == 0
        with serving(Authority(tmp_path / "authority")) as url:
            room.settings.tsa_url = url
            assert stamp_all(room) == 1

    def test_a_dossier_is_stamped(self, desk: Desk, tmp_path: Path):
        sent = journeys.sent_referral(desk)
        room, authority = desk.rooms["referral"], Authority(tmp_path / "authority")
        with serving(authority) as url:
            room.settings.tsa_url = url
            answer = desk.call(OFFICER, "GET", f"/v1/referrals/{sent['id']}/dossier")
        file = tmp_path / "dossier.zip"
        file.write_bytes(answer.content)
        trust = open_keyring(room.settings).trust()
        (report,) = Verifier(trust, read_roots(authority.root.read_bytes())).verify(file)
        assert report.holds, report.failures
        assert report.has("stamped")
        (alone,) = Verifier(trust).verify(file)
        assert alone.holds
        assert alone.has("stamp_unchecked")
        place = answer.content.index(b"timestamp.tsr") + 900
        file.write_bytes(answer.content[:place] + bytes([answer.content[place] ^ 1]) + answer.content[place + 1 :])
        (spoilt,) = Verifier(trust).verify(file)
        assert not spoilt.holds

    def test_without_an_answer_it_goes_unstamped(self, desk: Desk, tmp_path: Path):
        sent = journeys.sent_referral(desk)
        desk.rooms["referral"].settings.tsa_url = "http://127.0.0.1:9/"
        answer = desk.call(OFFICER, "GET", f"/v1/referrals/{sent['id']}/dossier")
        assert answer.status_code == 200
        assert b"timestamp.tsr" not in answer.content
