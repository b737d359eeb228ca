"""Frames over HTTP: what is good is stored once, what is not is kept, named and counted."""

import base64

import pytest

from services.clue_service.demo_data import demo
from services.clue_service.intake.hj212 import decode, encode
from shared.identity import Principal
from tests.journeys import OFFICER
from tests.service.clue.plant import MN, NEIGHBOUR, NOBODY, POLICE, PROVINCE, hour, register, send, sent

BROKEN = hour()[:-6] + b"0000\r\n"
BAD = {
    "bad_checksum": BROKEN,
    "unknown_device": hour(mn="X" * 24),
    "no_time": hour(area="DataTime=2026;a21002-Avg=50,a21002-Flag=N"),
    "future_time": hour("20260907100000"),
    "no_readings": hour(area="DataTime=20260901080000;a19001-Avg=8.0,a19001-Flag=N"),
    "no_frame": "垃圾 garbage\n".encode(),
    "incomplete": hour(head="PNUM=2;PNO=1;"),
}
CLIENT = Principal("eea-320500", OFFICER.kind, "client:7", frozenset(), "数采平台")


def packets() -> list[bytes]:
    """One hour in two packets."""
    return [
        hour(head="PNUM=2;PNO=1;"),
        hour(head="PNUM=2;PNO=2;", area="DataTime=20260901080000;a21026-Avg=20,a21026-Flag=N"),
    ]


class TestTake:
    def test_allowed(self, desk):
        register(desk)
        taken = sent(desk, hour())
        assert {name: taken[name] for name in ("received", "stored", "duplicates", "revised", "other")} == {
            "received": 1,
            "stored": 1,
            "duplicates": 0,
            "revised": 0,
            "other": 0,
        }
        assert [decode(one.encode()).cn for one in taken["answers"]] == ["9014"]

    @pytest.mark.parametrize("who", [PROVINCE, CLIENT], ids=["superior", "program"])
    def test_allowed_to(self, desk, who):
        register(desk)
        assert send(desk, hour(), who).json()["stored"] == 1

    def test_one_a_line_or_back_to_back(self, desk):
        register(desk)
        frames = [hour(f"202609010{number}0000") for number in range(6)]
        glued = frames[0].rstrip() + frames[1].rstrip() + b"\n\n" + frames[2].rstrip() + b"\n"
        assert sent(desk, glued + frames[3] + frames[4] + frames[5].rstrip() + b"\\r\\n")["stored"] == 6

    def test_repeated_and_revised(self, desk):
        register(desk)
        sent(desk, hour())
        again = sent(desk, hour() + hour())
        assert (again["stored"], again["duplicates"], again["revised"]) == (0, 2, 0)
        other = sent(desk, hour(value=70.0))
        assert (other["stored"], other["duplicates"], other["revised"]) == (0, 0, 1)

    def test_packets_of_a_split_message(self, desk):
        register(desk)
        first, second = packets()
        taken = sent(desk, second + first)
        assert (taken["received"], taken["stored"], taken["rejected_count"]) == (1, 2, 0)

    def test_other_commands_are_counted(self, desk):
        register(desk)
        notice = encode(f"QN=20260901090200000;ST=31;CN=1013;PW=123456;MN={MN};Flag=5;CP=&&&&")
        taken = sent(desk, notice)
        assert (taken["received"], taken["stored"], taken["other"]) == (1, 0, 1)
        assert decode(taken["answers"][0].encode()).cn == "9013"

    def test_wrong_agency(self, desk):
        register(desk)
        taken = send(desk, hour(), NEIGHBOUR).json()
        assert (taken["stored"], taken["rejected"][0]["code"]) == (0, "unknown_device")
        assert desk.get(OFFICER, f"/v1/series/{demo.CLEAN}")["rows"] == 0

    @pytest.mark.parametrize("who", [NOBODY, POLICE], ids=["role", "police"])
    def test_wrong_role(self, desk, who):
        answer = send(desk, hour(), who)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-your-step")

    def test_no_identity(self, desk):
        assert send(desk, hour(), None).status_code == 401

    @pytest.mark.parametrize("content", [b"", b"\r\n \r\n"], ids=["empty", "blank"])
    def test_nothing_sent(self, desk, content):
        assert send(desk, content).status_code == 422


class TestRejected:
    @pytest.mark.parametrize("code", BAD)
    def test_kept_named_and_counted(self, desk, code):
        register(desk)
        taken = sent(desk, hour("20260901000000") + BAD[code])
        assert (taken["stored"], taken["rejected_count"]) == (1, 1)
        named = taken["rejected"][0]
        assert (named["line"], named["code"]) == (2, code)
        assert named["reason_zh"]
        assert named["reason_en"]
        kept = desk.get(OFFICER, "/v1/hj212/rejected")["items"]
        assert [(one["code"], one["transport"], one["times"]) for one in kept] == [(code, "http", 1)]
        assert base64.b64decode(kept[0]["raw_base64"]).rstrip() == BAD[code].rstrip()
        assert kept[0]["sender"] == f"eea-320500/{OFFICER.actor}"
        assert desk.get(OFFICER, "/v1/hj212/counts")["total"][code] == 1

    def test_sender_hears_why(self, desk):
        register(desk)
        refusals = {"bad_checksum": "9", "unknown_device": "4", "future_time": "2", "no_time": "2"}
        taken = sent(desk, b"".join(BAD[code] for code in refusals))
        answers = [decode(one.encode()) for one in taken["answers"]]
        assert [(one.cn, one.cp_other["QnRtn"]) for one in answers] == [("9011", code) for code in refusals.values()]

    def test_the_same_bytes_are_kept_once_and_counted(self, desk):
        register(desk)
        sent(desk, BROKEN + BROKEN)
        desk.clock.advance(minutes=5)
        sent(desk, BROKEN)
        kept = desk.get(OFFICER, "/v1/hj212/rejected")["items"]
        assert [one["times"] for one in kept] == [3]
        assert kept[0]["last_at"] > kept[0]["received_at"]
        assert desk.get(OFFICER, "/v1/hj212/counts")["total"]["bad_checksum"] == 3

    def test_random_bytes_are_kept(self, desk):
        junk = bytes(range(256)).replace(b"\n", b"") * 4
        assert sent(desk, junk)["rejected"][0]["code"] == "no_frame"
        kept = desk.get(OFFICER, "/v1/hj212/rejected?code=no_frame")["items"]
        assert base64.b64decode(kept[0]["raw_base64"]) == junk.rstrip(b"\r")

    def test_seen_by_the_bureau_concerned(self, desk):
        register(desk)
        sent(desk, BROKEN)
        assert len(desk.get(PROVINCE, "/v1/hj212/rejected")["items"]) == 1
        assert desk.get(NEIGHBOUR, "/v1/hj212/rejected")["items"] == []
        assert desk.get(NEIGHBOUR, "/v1/hj212/counts")["total"] == {}
        assert desk.call(NOBODY, "GET", "/v1/hj212/rejected").status_code == 403
        assert desk.call(POLICE, "GET", "/v1/hj212/counts").status_code == 403

    def test_pages(self, desk):
        sent(desk, b"".join(hour(mn=f"UNKNOWN{number}") for number in range(5)))
        first = desk.get(OFFICER, "/v1/hj212/rejected?limit=3")
        rest = desk.get(OFFICER, f"/v1/hj212/rejected?limit=3&after={first['next']}")
        assert len({one["id"] for page in (first, rest) for one in page["items"]}) == 5
        assert rest["next"] is None
