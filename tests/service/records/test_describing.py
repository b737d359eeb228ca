"""What an uploader must say of an item: its kind, what that kind states, nothing held twice; and how it is served."""

import json

import pytest

from tests import journeys
from tests.desk import officer
from tests.journeys import OFFICER

PHOTO = {
    "fact_to_prove": "雨水井排口",
    "photographer": "张甲",
    "taken_at": "2026-09-03T10:00:00+08:00",
    "taken_place": "示例化工厂区东侧",
}
DATA = {"source": "数据采集仪", "method": "拷贝复制", "made_at": "2026-09-03", "maker": "李乙"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>'


@pytest.fixture
def path(desk):
    return f"/v1/cases/{journeys.filed_case(desk)['id']}"


def upload(desk, path, content=b"text", media_type="text/plain", who=OFFICER, details=None, **params):
    query = {"document": "crim_other", "name": "材料.txt", "details": json.dumps(details or {})} | params
    return desk.call(
        who, "POST", f"{path}/evidence", params=query, content=content, headers={"content-type": media_type}
    )


class TestKinds:
    @pytest.mark.parametrize(
        ("kind", "details"), [("audio_visual", PHOTO), ("electronic_data", DATA), ("documentary", {"is_copy": False})]
    )
    def test_an_item_of_a_kind_states_what_it_must(self, desk, path, kind, details):
        made = upload(desk, path, kind=kind, details=details)
        assert made.status_code == 201, made.text
        item = made.json()
        assert (item["kind"]["id"], item["details"]) == (kind, details)
        assert item["kind"]["cite_zh"].startswith("《中华人民共和国行政处罚法")
        assert item["last_verified_at"] == item["added_at"]

    @pytest.mark.parametrize("kind", ["audio_visual", "electronic_data"])
    def test_each_thing_left_out_is_named_and_nothing_is_kept(self, desk, path, kind):
        full = {"audio_visual": PHOTO, "electronic_data": DATA}[kind]
        version = desk.get(OFFICER, path)["version"]
        for missing in full:
            stated = {name: value for name, value in full.items() if name != missing}
            refused = upload(desk, path, content=missing.encode(), kind=kind, details=stated)
            assert (refused.status_code, refused.json()["code"]) == (422, "body-invalid")
            assert [one["field"] for one in refused.json()["errors"]] == [f"details.{missing}"]
        assert desk.get(OFFICER, path)["version"] == version

    def test_law_and_agreement_are_told_apart(self, desk, path):
        law = upload(desk, path, kind="audio_visual").json()["errors"]
        agreed = upload(desk, path, kind="electronic_data").json()["errors"]
        assert {one["basis"] for one in law} == {"law"}
        assert all("第六条第(五)项" in one["cite"] for one in law)
        assert {one["basis"] for one in agreed} == {"agreement"}
        assert not any("cite" in one for one in agreed)

    def test_a_document_brings_its_kind(self, desk, path):
        refused = upload(desk, path, PNG, "image/png", document="crim_photos_av", details={"photographer": "张甲"})
        assert refused.status_code == 422
        made = upload(desk, path, PNG, "image/png", document="crim_photos_av", details=PHOTO)
        assert made.json()["kind"]["id"] == "audio_visual"

    def test_a_body_is_not_read_when_its_label_is_refused(self, desk, path):
        def body():
            raise AssertionError("the body was asked for")
            yield b""

        refused = upload(desk, path, body(), kind="electronic_data")
        assert refused.status_code == 422

    def test_a_moment_that_lies_ahead_is_refused(self, desk, path):
        refused = upload(desk, path, kind="electronic_data", details=DATA | {"made_at": "2026-09-08"})
        assert [one["code"] for one in refused.json()["errors"]] == ["ill_stated"]

    def test_an_unknown_kind_names_those_there_are(self, desk, path):
        refused = upload(desk, path, kind="rumour").json()
        assert refused["errors"][0]["code"] == "unknown_kind"
        assert "witness_statement" in refused["known"]

    def test_in_english_when_asked(self, desk, path):
        query = {"document": "crim_photos_av", "name": "a"}
        headers = {"accept-language": "en"}
        refused = desk.call(OFFICER, "POST", f"{path}/evidence", params=query, content=b"x", headers=headers).json()
        assert "must state: what it proves, photographer" in refused["detail"]

    def test_retention_follows_the_subject_and_says_what_is_agreed(self, desk, path):
        item = upload(desk, path).json()
        assert (item["retention"]["id"], item["retention"]["basis"]) == ("case_file", "law")
        clue = f"/v1/clues/{journeys.receive_clue(desk, title='另一')['id']}"
        kept = upload(desk, clue).json()["retention"]
        assert (kept["basis"], kept["cite_zh"]) == ("agreement", "")


class TestTwins:
    def test_the_same_bytes_as_the_same_document_are_refused_with_the_item_that_is_there(self, desk, path):
        first = upload(desk, path).json()
        again = upload(desk, path, name="另一名称.txt")
        assert (again.status_code, again.json()["code"]) == (409, "duplicate-evidence")
        assert again.json()["item"] == first["id"]
        assert len([one for one in desk.get(OFFICER, f"{path}/evidence")["items"] if one["name"] == "材料.txt"]) == 1

    def test_as_another_document_they_are_marked(self, desk, path):
        first = upload(desk, path).json()
        second = upload(desk, path, document="crim_materials_list").json()
        assert second["same_as"] == [first["id"]]
        listed = {one["id"]: one for one in desk.get(OFFICER, f"{path}/evidence")["items"]}
        assert listed[first["id"]]["same_as"] == [second["id"]]

    def test_after_a_withdrawal_they_may_come_again(self, desk, path):
        first = upload(desk, path).json()
        desk.post(OFFICER, f"{path}/evidence/{first['id']}/withdraw", {"reason": "名称有误"})
        again = upload(desk, path)
        assert (again.status_code, again.json()["same_as"]) == (201, [])


class TestServed:
    def test_a_drawing_that_could_run_is_saved_never_run(self, desk, path):
        item = upload(desk, path, SVG, "image/svg+xml", name="图.svg").json()
        assert item["media_type"] == "image/svg+xml"
        opened = desk.call(OFFICER, "GET", f"{path}/evidence/{item['id']}/content")
        assert opened.headers["content-disposition"].startswith("attachment;")
        assert opened.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in opened.headers["content-security-policy"]

    @pytest.mark.parametrize("content", [b"<html><body>x</body></html>", b"text <SCRIPT>alert(1)</SCRIPT>"])
    def test_a_page_is_no_evidence(self, desk, path, content):
        assert upload(desk, path, content, "text/html", name="page.txt").status_code == 415

    def test_a_program_called_a_photograph_is_refused_whatever_it_is_called(self, desk, path):
        program = b"MZ\x90\x00" + b"\x00" * 500
        for name, media in (("现场.jpg", "image/jpeg"), ("现场.pdf", "application/pdf"), ("现场.txt", "text/plain")):
            refused = upload(desk, path, program, media, name=name, document="crim_photos_av", details=PHOTO)
            assert (refused.status_code, refused.json()["code"]) == (415, "media-type-refused")

    def test_a_stranger_and_a_colleague_without_the_role_add_nothing(self, desk, path):
        assert upload(desk, path, who=officer("eea-320100", "case_officer")).status_code == 404
        assert upload(desk, path, who=officer(journeys.EEA, "auditor")).status_code == 403
