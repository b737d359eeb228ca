"""Evidence: hashed on the way in, verified on the way out, every act in custody, nothing ever deleted."""

import hashlib

import pytest

from tests import journeys
from tests.journeys import OFFICER


@pytest.fixture
def case_path(desk):
    return f"/v1/cases/{journeys.filed_case(desk)['id']}"


def upload(desk, path, content, media_type="text/plain", who=OFFICER, **params):
    query = {"document": "crim_other", "name": "现场.txt"} | params
    headers = {"content-type": media_type}
    return desk.call(who, "POST", f"{path}/evidence", params=query, content=content, headers=headers)


class TestAttach:
    def test_the_hash_is_of_the_bytes(self, desk, case_path):
        content = "现场检查笔录".encode() * 1000
        digest = hashlib.sha256(content).hexdigest()
        made = upload(desk, case_path, content, sha256=digest.upper())
        assert made.status_code == 201
        assert (made.json()["sha256"], made.json()["size"]) == (digest, len(content))
        opened = desk.call(OFFICER, "GET", f"{case_path}/evidence/{made.json()['id']}/content")
        assert opened.content == content
        assert opened.headers["content-disposition"].startswith("attachment")

    def test_a_hash_that_does_not_match_is_refused_and_nothing_is_kept(self, desk, case_path):
        before = desk.get(OFFICER, f"{case_path}/evidence")
        version = desk.get(OFFICER, case_path)["version"]
        answer = upload(desk, case_path, b"text", sha256="0" * 64)
        assert answer.status_code == 409
        assert answer.json()["code"] == "evidence-mismatch"
        assert desk.get(OFFICER, f"{case_path}/evidence") == before
        assert desk.get(OFFICER, case_path)["version"] == version
        assert list((desk.rooms["case"].blobs.folder / "incoming").iterdir()) == []

    @pytest.mark.parametrize(
        ("content", "declared"),
        [
            (b"MZ\x90\x00" + b"\x00" * 200, "image/jpeg"),
            (b"\x7fELF\x02\x01\x01" + b"\x00" * 200, "application/pdf"),
            (b"<!doctype html><html><script>alert(1)</script>", "text/plain"),
        ],
    )
    def test_a_program_renamed_is_not_evidence(self, desk, case_path, content, declared):
        answer = upload(desk, case_path, content, declared)
        assert answer.status_code == 415
        assert answer.json()["code"] == "media-type-refused"

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "image/png"),
            (b"%PDF-1.7\n" + b"\x00" * 100, "application/pdf"),
            (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 100, "image/jpeg"),
            (b"PAR1" + b"\x00" * 100, "application/vnd.apache.parquet"),
            ("小时,值".encode(), "text/csv"),
        ],
    )
    def test_the_media_type_is_read_from_the_content(self, desk, case_path, content, expected):
        declared = "text/csv" if expected == "text/csv" else "application/octet-stream"
        assert upload(desk, case_path, content, declared).json()["media_type"] == expected

    def test_an_empty_file_and_wrong_details_are_refused(self, desk, case_path):
        assert upload(desk, case_path, b"").status_code == 422
        assert upload(desk, case_path, b"x", details="[1]").status_code == 422
        assert upload(desk, case_path, b"x", name="../x").status_code == 422


class TestCustody:
    def test_every_act_is_written_with_who_and_when(self, desk, case_path):
        item = upload(desk, case_path, b"text").json()
        desk.call(OFFICER, "GET", f"{case_path}/evidence/{item['id']}/content")
        desk.post(OFFICER, f"{case_path}/evidence/{item['id']}/withdraw", {"reason": "重复上传"})
        acts = desk.get(OFFICER, f"{case_path}/evidence/{item['id']}/custody")["items"]
        assert [act["act"] for act in acts] == ["added", "opened", "withdrawn"]
        assert {act["actor"] for act in acts} == {OFFICER.actor}
        listed = {one["id"]: one for one in desk.get(OFFICER, f"{case_path}/evidence")["items"]}
        assert listed[item["id"]]["state"] == "withdrawn"
        gone = desk.call(OFFICER, "GET", f"{case_path}/evidence/{item['id']}/content")
        assert gone.status_code == 410

    def test_what_was_withdrawn_is_not_withdrawn_again(self, desk, case_path):
        item = upload(desk, case_path, b"text").json()
        address, version = f"{case_path}/evidence/{item['id']}/withdraw", desk.get(OFFICER, case_path)["version"]
        stale = desk.call(OFFICER, "POST", address, json={"reason": "重复"}, headers={"if-match": f'"{version - 1}"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
        desk.post(OFFICER, address, {"reason": "重复"}, headers={"if-match": f'"{version}"'})
        again = desk.post(OFFICER, address, {"reason": "重复"}, expect=410)
        assert again["code"] == "gone"
        assert desk.get(OFFICER, case_path)["version"] == version + 1

    def test_changed_bytes_freeze_the_item_and_are_journalled(self, desk, case_path):
        item = upload(desk, case_path, b"text").json()
        sha256 = item["sha256"]
        blob = desk.rooms["case"].blobs.folder / sha256[:2] / sha256[2:4] / sha256
        blob.chmod(0o600)
        blob.write_bytes(b"tex7")
        answer = desk.call(OFFICER, "GET", f"{case_path}/evidence/{item['id']}/content")
        assert answer.status_code == 409
        assert answer.json()["code"] == "evidence-mismatch"
        listed = {one["id"]: one["state"] for one in desk.get(OFFICER, f"{case_path}/evidence")["items"]}
        assert listed[item["id"]] == "frozen"
        types = [entry["type"] for entry in desk.get(OFFICER, f"{case_path}/journal")["items"]]
        assert "evidence.mismatch" in types


class TestRequirements:
    def test_a_missing_document_stops_the_hand_over_and_says_which(self, desk):
        referral = journeys.approved_referral(desk)
        path = f"/v1/referrals/{referral['id']}"
        refused = desk.post(OFFICER, f"{path}/send", {"letter_number": "1"}, expect=409)
        assert refused["code"] == "evidence-missing"
        assert "案件移送书" in refused["detail"]
        assert desk.get(OFFICER, path)["state"] == "referral_approved"
        assert desk.call(journeys.POLICE, "GET", path).status_code == 404

    def test_a_document_without_its_details_stops_it_too(self, desk):
        referral = journeys.approved_referral(desk)
        path = f"/v1/referrals/{referral['id']}"
        for document, details in journeys.DOCUMENTS.items():
            given = {} if document == "crim_item_list" else details
            desk.attach(OFFICER, path, document, document.encode(), **given)
        refused = desk.post(OFFICER, f"{path}/send", {"letter_number": "1"}, expect=409)
        assert "存放地" in refused["detail"]

    def test_in_english_when_asked(self, desk):
        referral = journeys.approved_referral(desk)
        path = f"/v1/referrals/{referral['id']}/send"
        headers = {"accept-language": "en"}
        refused = desk.call(OFFICER, "POST", path, json={"letter_number": "1"}, headers=headers).json()
        assert refused["detail"].startswith("missing:")
        assert refused["title"] == "A required document or fact is missing"
