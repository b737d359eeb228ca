"""A matter carried between two desks by files alone: cut, repeated and out of order, it arrives once and whole."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from services.referral_service.sealed_files.working import turn
from services.referral_service.subjects import SUBJECTS
from shared.web.assembly import make_room
from shared.web.room_worker import work
from tests import journeys
from tests.journeys import HEAD, OFFICER, POLICE, PROSECUTOR
from tests.service.gateway.working import until
from tests.service.referral import test_proceedings
from tests.service.referral.test_proceedings import MARKET, step
from tests.two_desks import Side, TwoDesks, path, receipt, standing


def kinds(side: Side, who: Any, referral: Any) -> list[str]:
    return [one["kind"] for one in side.desk.get(who, path(referral, "receipts"))["items"]]


def test_a_dossier_goes_over_and_the_receipts_come_back(desks: TwoDesks, sent: Any):
    (file,) = desks.bureau.outgoing()
    desks.carry(desks.bureau)
    desks.police.turn()
    there = desks.police.desk.get(POLICE, path(sent))
    same = ("id", "ref", "state", "owner", "receiver", "copied", "title", "procedure_id", "procedure_version", "facts")
    assert {name: there[name] for name in same} == {name: sent[name] for name in same}
    assert there["sent_manifest"] == sent["sent_manifest"]
    items = desks.police.desk.get(POLICE, path(sent, "evidence"))["items"]
    ours = desks.bureau.desk.get(OFFICER, path(sent, "evidence"))["items"]
    assert sorted(one["sha256"] for one in items) == sorted(one["sha256"] for one in ours)
    content = desks.police.desk.call(POLICE, "GET", path(sent, f"evidence/{items[0]['id']}/content"))
    assert content.status_code == 200
    first = json.loads(desks.police.desk.get(POLICE, path(sent, "journal"))["items"][0]["body"] or "{}")
    assert not first, "the room's own entry is not for the police, but its place in the chain is"
    assert desks.police.folder("done") == [file.name]

    desks.exchange()
    assert kinds(desks.bureau, OFFICER, sent) == ["submitted", "delivered"]
    assert desks.bureau.waiting(OFFICER) == []

    accepted = receipt(desks, sent)
    assert accepted["state"] == "accepted"
    desks.exchange()
    home = desks.bureau.desk.get(OFFICER, path(sent))
    assert (home["state"], home["receipt_number"]) == ("accepted", "苏公受〔2026〕1号")
    assert kinds(desks.bureau, OFFICER, sent) == ["submitted", "delivered", "accepted"]
    issued = {one["kind"]: one["agency"] for one in desks.bureau.desk.get(OFFICER, path(sent, "receipts"))["items"]}
    assert issued == {"submitted": "eea-320500", "delivered": "psb-320500", "accepted": "psb-320500"}
    case = desks.bureau.desk.get(OFFICER, "/v1/cases/" + sent["case_ref"].partition(":")[2])
    assert case["state"] == "referred"
    desks.bureau.verified()
    desks.police.verified()


def test_the_first_entry_over_there_names_our_head(desks: TwoDesks, sent: Any):
    from sqlmodel import select

    from shared.records.journal import Entry

    head = desks.bureau.desk.get(OFFICER, path(sent, "journal"))["items"][-1]
    desks.exchange()
    with desks.police.desk.rooms["referral"].reading() as session:
        first = session.exec(select(Entry).where(Entry.subject == sent["ref"], Entry.seq == 1)).one()
    said = json.loads(first.body)
    assert said["prev"] == ""
    assert said["data"]["origin"]["head"] == head["hash"]
    assert said["data"]["origin"]["desk"] == "eea-320500"


def test_the_whole_way_both_ways(desks: TwoDesks, sent: Any):
    """Correction asked and given, filed and notified, items handed over: each step on its own desk."""
    bureau, police = desks.bureau.desk, desks.police.desk
    desks.exchange()
    receipt(desks, sent)
    police.post(POLICE, path(sent, "request-correction"), {"missing_materials": "缺少现场勘验图"})
    desks.exchange()
    assert bureau.get(OFFICER, path(sent))["state"] == "correction_requested"
    bureau.attach(OFFICER, path(sent), "crim_site_survey_drawing", b"drawing")
    bureau.post(OFFICER, path(sent, "correct"), {"note": "补充现场勘验图"})
    bureau.post(PROSECUTOR, path(sent, "acknowledge-copy"), {"acknowledged_at": bureau.clock.now.isoformat()})
    bureau.post(OFFICER, path(sent, "record-platform-entry"), {"platform_entry_number": "平台1号"})
    desks.exchange()
    there = police.get(POLICE, path(sent))
    assert there["state"] == "accepted"
    assert there["acknowledged_at"] is not None
    assert there["platform_entry_number"] == "平台1号"
    theirs = [one["sha256"] for one in police.get(POLICE, path(sent, "evidence"))["items"]]
    ours = [one["sha256"] for one in bureau.get(OFFICER, path(sent, "evidence"))["items"]]
    assert sorted(theirs) == sorted(ours), "the drawing went over, and nothing is adopted twice"

    at = police.clock.advance(days=2).isoformat()
    decision = {"decision_number": "苏公立〔2026〕1号", "decided_at": at, "notified_at": at}
    police.post(POLICE, path(sent, "file"), decision)
    desks.exchange()
    home = bureau.get(OFFICER, path(sent))
    assert (home["state"], home["decision_number"], home["notified_at"] is not None) == (
        "filed",
        "苏公立〔2026〕1号",
        True,
    )
    bureau.attach(OFFICER, path(sent), "crim_post_filing_items", b"record", handover_record="已办理", handed_at=at)
    bureau.post(OFFICER, path(sent, "hand-over-items"), {"handed_at": bureau.clock.now.isoformat()})
    desks.exchange()
    assert police.get(POLICE, path(sent))["state"] == "items_handed_over"
    for side, who in ((desks.bureau, OFFICER), (desks.police, POLICE)):
        side.verified()
        assert side.waiting(who) == []
        assert side.folder("quarantine") == []


def test_repeated_files_are_harmless(desks: TwoDesks, sent: Any):
    (file,) = desks.bureau.outgoing()
    kept = file.read_bytes()
    desks.exchange()
    before = desks.police.desk.get(POLICE, path(sent))
    for _ in range(2):
        (desks.police.inbox / file.name).write_bytes(kept)
        desks.police.turn()
    assert desks.police.desk.get(POLICE, path(sent)) == before
    (answer,) = desks.police.outgoing()
    again = answer.read_bytes()
    desks.carry(desks.police)
    desks.bureau.turn()
    home = desks.bureau.desk.get(OFFICER, path(sent))
    (desks.bureau.inbox / "once-more.zip").write_bytes(again)
    desks.bureau.turn()
    assert desks.bureau.desk.get(OFFICER, path(sent)) == home
    assert kinds(desks.bureau, OFFICER, sent) == ["submitted", "delivered"]


def test_files_out_of_order_wait_for_one_another(desks: TwoDesks, sent: Any):
    bureau, police = desks.bureau.desk, desks.police.desk
    bureau.post(OFFICER, path(sent, "record-platform-entry"), {"platform_entry_number": "平台1号"})
    desks.bureau.turn()
    bureau.post(PROSECUTOR, path(sent, "acknowledge-copy"), {"acknowledged_at": bureau.clock.now.isoformat()})
    desks.bureau.turn()
    first, *later = desks.bureau.outgoing()
    assert len(later) == 2
    desks.carry(desks.bureau, later)
    assert desks.police.turn() == 0
    waiting = standing(desks.police)
    assert [one["state"] for one in waiting] == ["waiting", "waiting"]
    assert {one["subject"] for one in waiting} == {sent["ref"]}
    assert police.call(POLICE, "GET", path(sent)).status_code == 404
    desks.carry(desks.bureau, [first])
    desks.police.turn()
    there = police.get(POLICE, path(sent))
    assert (there["platform_entry_number"], there["acknowledged_at"] is not None) == ("平台1号", True)
    assert standing(desks.police) == []


def test_a_cut_file_waits_and_goes_on_when_it_is_whole(desks: TwoDesks, sent: Any):
    (file,) = desks.bureau.outgoing()
    whole = file.read_bytes()
    desks.police.inbox.mkdir(parents=True)
    target = desks.police.inbox / file.name
    for share in (0, 1, 30, len(whole) // 2, len(whole) - 1):
        target.write_bytes(whole[:share])
        desks.police.turn()
        (row,) = standing(desks.police)
        assert (row["state"], row["file"]) == ("cut", file.name)
        assert row["reasons"][0]["code"] == "zip_cut"
    target.write_bytes(whole)
    desks.police.turn()
    assert desks.police.desk.get(POLICE, path(sent))["state"] == "handed_over"
    assert standing(desks.police) == []


def test_a_cut_file_that_stays_so_is_set_aside(desks: TwoDesks, sent: Any):
    (file,) = desks.bureau.outgoing()
    desks.police.inbox.mkdir(parents=True)
    (desks.police.inbox / file.name).write_bytes(file.read_bytes()[:-7])
    desks.police.turn()
    desks.police.desk.clock.advance(minutes=59)
    desks.police.turn()
    assert desks.police.folder("quarantine") == []
    desks.police.desk.clock.advance(minutes=2)
    desks.police.turn()
    assert desks.police.folder("quarantine") == [file.name, f"{file.name}.reason.json"]
    desks.exchange()
    assert desks.police.desk.get(POLICE, path(sent))["state"] == "handed_over", "a good copy is still taken"


def test_what_is_stuck_is_seen_with_its_clock(desks: TwoDesks, sent: Any):
    (row,) = desks.bureau.waiting(OFFICER)
    assert (row["direction"], row["state"], row["desk"], row["subject"]) == ("out", "written", "police", sent["ref"])
    assert row["nearest_term"] == "criminal_referral_handover"
    assert row["nearest_party"] == "eea-320500"
    assert row["nearest_due_at"]
    assert desks.bureau.waiting(HEAD) == [row]


def test_a_lost_file_is_written_again(desks: TwoDesks, sent: Any):
    from services.referral_service.sealed_files.working import again

    (file,) = desks.bureau.outgoing()
    file.unlink()
    (row,) = desks.bureau.waiting(OFFICER)
    assert again(desks.bureau.desk.rooms["referral"], row["message_id"]) == 1
    desks.exchange()
    assert desks.police.desk.get(POLICE, path(sent))["state"] == "handed_over"


def test_other_procedures_go_the_same_way(desks: TwoDesks):
    """A matter whose procedure is data alone goes over, is received and worked there, and comes back."""
    bureau, there = desks.bureau.desk, desks.police.desk
    referral = test_proceedings.opened(bureau)
    sent = step(bureau, OFFICER, referral, "send", letter_number="1")
    desks.exchange()
    at = bureau.clock.advance(hours=1).isoformat()
    refused = step(there, MARKET, referral, "receive", received_at=at, manifest_digest="0" * 64, expect=409)
    assert refused["code"] == "step-refused"
    step(there, MARKET, referral, "receive", received_at=at, manifest_digest=sent["sent_manifest"])
    decided = there.clock.advance(days=3).isoformat()
    step(there, MARKET, referral, "file", decided_at=decided, decision_number="苏市监立〔2026〕9号")
    desks.exchange()
    home = bureau.get(OFFICER, path(referral))
    assert home["state"] == there.get(MARKET, path(referral))["state"] == "filed"
    assert home["decision_number"] == "苏市监立〔2026〕9号"
    assert kinds(desks.bureau, OFFICER, referral) == ["submitted", "delivered", "accepted"]
    clocks = {one["term_id"]: one["state"] for one in bureau.get(OFFICER, path(referral, "deadlines"))["items"]}
    assert clocks["agreement_receipt"] == "met"
    assert clocks == {one["term_id"]: one["state"] for one in there.get(MARKET, path(referral, "deadlines"))["items"]}
    assert standing(desks.police) == standing(desks.bureau) == []
    desks.bureau.verified()
    desks.police.verified()


def test_the_operator_does_it_by_command(desks: TwoDesks, sent: Any, tmp_path: Path):
    (file,) = desks.bureau.outgoing()
    file.unlink()
    (row,) = json.loads(desks.bureau.cli("sealed", "status", "--json").stdout)
    assert desks.bureau.cli("sealed", "export", "--again", row["message_id"]).stdout == "1 files\n"
    assert desks.bureau.cli("sealed", "export", "--again", "no-such").returncode == 1
    checked = desks.police.cli("verify", *desks.bureau.outgoing())
    assert checked.returncode == 0, checked.stdout
    assert "由 eea-320500 于" in checked.stdout
    (copy,) = desks.carry(desks.bureau)
    whole = copy.read_bytes()
    spoilt = copy.with_name("spoilt.zip")
    spoilt.write_bytes(copy.read_bytes()[:-1])
    took = desks.police.cli("sealed", "import")
    assert took.returncode == 0, took.stderr
    assert took.stdout == "1 in, 1 out\n"
    shown = desks.police.cli("sealed", "status")
    assert "cut" in shown.stdout
    assert "spoilt.zip" in shown.stdout
    assert desks.police.desk.get(POLICE, path(sent))["state"] == "handed_over"
    place = whole.index("专案组".encode())
    spoilt.write_bytes(whole[:place] + b"x" + whole[place + 1 :])
    assert desks.police.cli("sealed", "import").stdout.endswith("1 in, 0 out\n"), "no word of a spoilt copy"
    assert "refused" in desks.police.cli("sealed", "status").stdout
    desks.carry(desks.police)
    assert desks.bureau.cli("sealed", "import").stdout == "1 in, 0 out\n"
    assert desks.bureau.cli("sealed", "status").stdout == "0 files\n"
    target = tmp_path / "dossier.zip"
    made = desks.bureau.cli("dossier", "export", sent["ref"], target, "--reader", "psb-320500")
    assert made.returncode == 0, made.stderr
    assert desks.police.cli("verify", target).returncode == 0
    journal = tmp_path / "journal.ndjson"
    assert desks.police.cli("dossier", "journal", sent["ref"], journal, "--reader", "psb-320500").returncode == 0
    assert desks.police.cli("verify", journal).returncode == 0
    assert desks.police.cli("dossier", "export", "case:1", target).returncode == 2
    assert kinds(desks.bureau, OFFICER, sent) == ["submitted", "delivered"]


def test_the_worker_does_it_by_itself(desks: TwoDesks):
    sent = journeys.sent_referral(desks.bureau.desk)
    assert desks.bureau.outgoing() == []
    with working(desks.bureau), working(desks.police):
        until(desks.bureau.outgoing)
        desks.carry(desks.bureau)
        until(desks.police.outgoing)
        desks.carry(desks.police)
        until(lambda: kinds(desks.bureau, OFFICER, sent) == ["submitted", "delivered"])
    assert desks.police.desk.get(POLICE, path(sent))["state"] == "handed_over"


@contextmanager
def working(side: Side) -> Iterator[None]:
    """Run the referral room's worker in a thread, as `lianqin work referral` does."""
    stop = Event()
    room = make_room("referral", SUBJECTS, side.settings)
    worker = Thread(target=work, args=(room, stop, [turn]))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(20)
        room.database.close()
    assert not worker.is_alive()
