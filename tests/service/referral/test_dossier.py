"""The dossier over HTTP: a bag that others validate, with what its reader may see and nothing more."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import bagit
import pytest

from shared.dossier.findings import Report
from shared.dossier.verifying import Verifier
from shared.identity import Principal
from shared.records.blobs import address
from shared.records.keyring import open_keyring
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import OFFICER, POLICE, PROSECUTOR
from tests.service.referral.walking import STRANGERS, path, refusal


def fetched(desk: Desk, who: Principal, referral: Any, folder: Path) -> Path:
    """Fetch the dossier into a file."""
    answer = desk.call(who, "GET", path(referral, "dossier"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    target = folder / f"{who.agency}.zip"
    target.write_bytes(answer.content)
    return target


def verified(desk: Desk, file: Path) -> Report:
    """Check a file with the public keys of the desk."""
    keyring = open_keyring(desk.rooms["referral"].settings)
    (report,) = Verifier(keyring.trust()).verify(file)
    return report


def inside(file: Path) -> dict[str, bytes]:
    """What a bag holds below its folder."""
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as bag:
        return {name.partition("/")[2]: bag.read(name) for name in bag.namelist()}


@pytest.fixture
def sent(desk: Desk) -> Any:
    return journeys.sent_referral(desk)


def test_the_bag_is_one_for_the_library_of_congress_and_for_us(desk: Desk, sent: Any, tmp_path: Path):
    file = fetched(desk, POLICE, sent, tmp_path)
    report = verified(desk, file)
    assert report.holds, report.failures
    assert report.facts["manifest"] == sent["sent_manifest"]
    assert report.facts["Lianqin-Agency"] == "eea-320500"
    with zipfile.ZipFile(file) as bag:
        bag.extractall(tmp_path / "out")
    (folder,) = (tmp_path / "out").iterdir()
    bagit.Bag(str(folder)).validate()


def test_everything_is_in_it(desk: Desk, sent: Any, tmp_path: Path):
    found = inside(fetched(desk, POLICE, sent, tmp_path))
    items = {one["id"]: one for one in desk.get(POLICE, path(sent, "evidence"))["items"]}
    listed = json.loads(found["data/manifest.json"])["items"]
    assert {one["item"] for one in listed} == set(items)
    for one in listed:
        assert found[f"data/evidence/{one['item']}/{one['name']}"]
    assert json.loads(found["data/facts.json"])["facts"]["hazardous_waste_mass"]["value"] == 5.2
    verdicts = json.loads(found["data/verdict.json"])["verdicts"]
    assert any(one["outcome"] == "met" and one["cite"] for one in verdicts)
    documents = json.loads(found["data/documents/index.json"])["documents"]
    assert {"案件移送书", "移送材料清单"} <= {one.get("name_zh") for one in documents}
    custody = json.loads(found["data/custody.json"])
    assert set(custody) == set(items)
    assert {act["act"] for acts in custody.values() for act in acts} >= {"added"}
    info = found["bag-info.txt"].decode()
    assert "Source-Organization: 苏州市生态环境局" in info
    assert f"External-Identifier: {sent['ref']}" in info


def test_the_journal_shows_what_the_reader_may_read(desk: Desk, sent: Any, tmp_path: Path):
    def bodies(who: Principal) -> list[Any]:
        found = inside(fetched(desk, who, sent, tmp_path))["data/journal.ndjson"]
        return [json.loads(line)["body"] for line in found.splitlines()[:-1]]

    for_police, for_owner = bodies(POLICE), bodies(OFFICER)
    assert None in for_police
    assert None not in for_owner
    shown = {json.loads(body)["type"] for body in for_police if body}
    assert "referral.sent" in shown
    assert "referral.report_submitted" not in shown


def test_taking_it_out_is_written_down(desk: Desk, sent: Any, tmp_path: Path):
    fetched(desk, POLICE, sent, tmp_path)
    item = desk.get(POLICE, path(sent, "evidence"))["items"][0]
    acts = desk.get(OFFICER, path(sent, f"evidence/{item['id']}/custody"))["items"]
    assert [(act["act"], act["agency"]) for act in acts][-1] == ("exported", "psb-320500")


def test_nothing_later_than_the_hand_over_is_given(desk: Desk, sent: Any, tmp_path: Path):
    desk.attach(OFFICER, path(sent), "crim_records", b"a later record")
    found = inside(fetched(desk, PROSECUTOR, sent, tmp_path))
    assert b"a later record" not in found.values()
    assert verified(desk, tmp_path / "pro-320500.zip").facts["manifest"] == sent["sent_manifest"]


def test_before_the_hand_over_the_owner_alone_has_one(desk: Desk, tmp_path: Path):
    referral = journeys.approved_referral(desk)
    assert verified(desk, fetched(desk, OFFICER, referral, tmp_path)).holds
    assert desk.call(POLICE, "GET", path(referral, "dossier")).status_code == 404


def test_strangers_see_nothing(desk: Desk, sent: Any):
    for stranger in STRANGERS:
        assert desk.call(stranger, "GET", path(sent, "dossier")).status_code == 404
        assert refusal(desk, stranger, path(sent, "dossier"), {}) == (404, "not-visible")
    assert refusal(desk, POLICE, path(sent, "dossier"), {}) == (403, "not-your-step")


def test_changed_bytes_stop_it_and_freeze_the_item(desk: Desk, sent: Any):
    room = desk.rooms["referral"]
    item = desk.get(OFFICER, path(sent, "evidence"))["items"][-1]
    blob = address(room.blobs.folder, item["sha256"])
    blob.chmod(0o640)
    blob.write_bytes(b"x" * item["size"])
    answer = desk.call(POLICE, "GET", path(sent, "dossier"))
    assert (answer.status_code, answer.json()["code"]) == (409, "evidence-mismatch")
    assert answer.json()["expected"] == item["sha256"]
    states = {one["id"]: one["state"] for one in desk.get(OFFICER, path(sent, "evidence"))["items"]}
    assert states[item["id"]] == "frozen"
    assert not [one for one in room.settings.folder.rglob("*.zip")]
    assert not [one for one in room.settings.folder.rglob("*.part")]


def test_it_is_built_into_the_outbox(desk: Desk, sent: Any):
    built = desk.post(OFFICER, path(sent, "dossier"), {"reader": "pro-320500"}, expect=201)
    file = desk.rooms["referral"].settings.sealed_path / built["file"]
    assert built["file"].startswith("outbox/pro-320500/")
    assert file.stat().st_size == built["size"]
    report = verified(desk, file)
    assert report.holds
    assert (built["manifest_digest"], built["signed_by"]) == (sent["sent_manifest"], "eea-320500")
    assert "Lianqin-Reader: pro-320500" in inside(file)["bag-info.txt"].decode()
    assert desk.post(OFFICER, path(sent, "dossier"), {"reader": "psb-310000"}, expect=404)["code"] == "not-visible"
    body = {"reader": "../../etc"}
    assert desk.post(OFFICER, path(sent, "dossier"), body, expect=422)["code"] == "body-invalid"


def test_a_name_no_file_system_takes(desk: Desk, tmp_path: Path):
    referral = journeys.approved_referral(desk)
    params = {"document": "crim_records", "name": "询问笔录:100% <终>" + "长" * 120 + ".pdf", "details": "{}"}
    answer = desk.call(
        OFFICER, "POST", path(referral, "evidence"), params=params, content=b"x", headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 201, answer.text
    file = fetched(desk, officer(journeys.EEA, "case_officer", "clue_officer"), referral, tmp_path)
    assert verified(desk, file).holds
    names = [name for name in inside(file) if "询问笔录" in name]
    assert len(names) == 1
    assert len(names[0].rpartition("/")[2].encode()) <= 200
    assert not set('<>:"|?*%') & set(names[0])
