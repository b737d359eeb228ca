"""The program of a hotline adds evidence to the complaint it put down, with custody, and learns nothing by it."""

import json
from typing import Any

import pytest

from shared.identity import Principal
from tests.desk import officer
from tests.journeys import OFFICER
from tests.service.clue.complaining import (
    CASE_OFFICER,
    CONTACT,
    DUTY,
    HOTLINE,
    NAME,
    PROVINCE,
    STRANGER,
    declined,
    filed,
    step,
)

OTHER_HOTLINE = Principal("tra-320500", "transport_authority", "client:12328", frozenset(), "12328 热线")
PERSON = officer(HOTLINE.agency, "liaison", "case_officer", "evidence_keeper")
PROGRAM = Principal("eea-320500", "ecological_environment_authority", "client:own", frozenset(), "本局热线")


def path(complaint: Any, rest: str = "") -> str:
    """The address of a complaint's evidence."""
    return f"/v1/complaints/{complaint['id']}/evidence{rest}"


def uploaded(desk: Any, complaint: Any, who: Any = HOTLINE, content: bytes = b"photo", **params: str) -> Any:
    """Try to add evidence; returns the answer."""
    given = {"document": "complaint_photo", "name": "1.txt"} | params
    return desk.call(
        who, "POST", path(complaint), params=given, content=content, headers={"content-type": "text/plain"}
    )


def test_it_is_kept_with_custody_as_any_other(desk):
    complaint = filed(desk, HOTLINE)
    answer = uploaded(desk, complaint)
    assert answer.status_code == 201, answer.text
    item = answer.json()
    (shown,) = desk.get(CASE_OFFICER, path(complaint))["items"]
    assert (shown["id"], shown["added_by"], shown["size"]) == (item["id"], "hou-320500/client:12345", 5)
    (act,) = desk.get(CASE_OFFICER, path(complaint, f"/{item['id']}/custody"))["items"]
    assert (act["act"], act["agency"], act["actor"]) == ("added", "hou-320500", "client:12345")
    assert desk.call(CASE_OFFICER, "GET", path(complaint, f"/{item['id']}/content")).content == b"photo"
    entries = desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}/journal")["items"]
    assert [one["agency"] for one in entries if one["type"] == "evidence.added"] == ["hou-320500"]


def test_nothing_else_is_opened_by_it(desk):
    complaint = filed(desk, HOTLINE)
    theirs = uploaded(desk, complaint, CASE_OFFICER, b"of the bureau", name="秘密.txt").json()
    mine = uploaded(desk, complaint).json()
    assert desk.get(HOTLINE, path(complaint))["items"] == []
    for item in (theirs, mine):
        for rest in ("content", "custody"):
            assert desk.call(HOTLINE, "GET", path(complaint, f"/{item['id']}/{rest}")).status_code == 404
        for act in ("withdraw", "reinstate"):
            answer = desk.call(HOTLINE, "POST", path(complaint, f"/{item['id']}/{act}"), json={"reason": "x"})
            assert answer.status_code == 403
    assert desk.get(HOTLINE, path(complaint).replace("evidence", "exhibits"))["items"] == []
    exhibit = {"name": "桶", "quantity": 1, "unit": "个", "features": "蓝", "storage_place": "库"}
    exhibit |= {"taken_by": ["甲"], "taken_at": desk.clock.now.isoformat(), "taken_place": "x"}
    assert desk.call(HOTLINE, "POST", path(complaint).replace("evidence", "exhibits"), json=exhibit).status_code == 403
    assert desk.call(HOTLINE, "GET", f"/v1/clues/{complaint['clue_ref'][5:]}").status_code == 404
    assert desk.call(HOTLINE, "POST", f"/v1/clues/{complaint['clue_ref'][5:]}/evidence").status_code in (404, 422)


def test_the_same_bytes_tell_nothing_of_what_the_bureau_holds(desk):
    complaint = filed(desk, HOTLINE)
    theirs = uploaded(desk, complaint, CASE_OFFICER, b"same", name="秘密.txt").json()
    refused = uploaded(desk, complaint, content=b"same")
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate-evidence")
    assert "秘密" not in refused.text
    assert theirs["id"] not in refused.text
    named = uploaded(desk, complaint, CASE_OFFICER, b"same")
    assert (named.json()["item"], "秘密" in named.text) == (theirs["id"], True)
    assert uploaded(desk, complaint, content=b"same", document="other").json()["same_as"] == []


@pytest.mark.parametrize(
    ("filer", "who", "expect"),
    [
        (HOTLINE, HOTLINE, 201),
        (HOTLINE, CASE_OFFICER, 201),
        (HOTLINE, PERSON, 403),
        (HOTLINE, OTHER_HOTLINE, 404),
        (HOTLINE, STRANGER, 404),
        (HOTLINE, PROVINCE, 403),
        (HOTLINE, DUTY, 403),
        (HOTLINE, PROGRAM, 403),
        (DUTY, HOTLINE, 404),
        (DUTY, OFFICER, 201),
        (PROGRAM, PROGRAM, 201),
    ],
)
def test_who_adds_evidence(desk, filer, who, expect):
    complaint = filed(desk, filer)
    assert uploaded(desk, complaint, who).status_code == expect


def test_nobody_unknown_adds_any(desk):
    assert uploaded(desk, filed(desk, HOTLINE), None).status_code == 401


@pytest.mark.parametrize("end", ["reply", "withdraw"])
def test_nothing_is_added_once_it_is_answered_or_withdrawn(desk, end):
    complaint = filed(desk, HOTLINE)
    declined(desk, complaint)
    assert uploaded(desk, complaint).status_code == 201
    step(desk, complaint, end, **({"reply": "已核查"} if end == "reply" else {"reason": "重复"}))
    refused = uploaded(desk, complaint, content=b"later")
    assert (refused.status_code, refused.json()["code"]) == (409, "step-refused")
    assert uploaded(desk, complaint, CASE_OFFICER, b"later").status_code == 201


def test_who_complained_stays_out_of_names_and_statements(desk):
    complaint = filed(desk, HOTLINE)
    for params in ({"name": f"{NAME}.txt"}, {"details": json.dumps({"taken_by": CONTACT})}):
        refused = uploaded(desk, complaint, **params)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "identity_in_text")
        assert NAME not in refused.text
    assert uploaded(desk, complaint, document="site_record").status_code == 422
