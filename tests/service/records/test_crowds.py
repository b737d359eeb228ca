"""Many at once on one subject: one is first, the others are told so, and nobody meets a fault."""

from concurrent.futures import ThreadPoolExecutor

from tests import journeys
from tests.journeys import OFFICER

CROWD = 8


def together(call):
    with ThreadPoolExecutor(CROWD) as pool:
        return sorted(pool.map(lambda number: call(number).status_code, range(CROWD)))


def test_one_of_a_crowd_accepts_a_clue(desk):
    clue = journeys.receive_clue(desk)
    path = f"/v1/clues/{clue['id']}"
    desk.attach(OFFICER, path, "clue_slice", b"hour,value\n")
    desk.post(OFFICER, f"{path}/assign", {"assigned_to": "x"})
    desk.post(OFFICER, f"{path}/verify", {"result": "confirmed", "findings": "属实"})
    desk.post(journeys.HEAD, f"{path}/review", {"review_opinion": "同意"})
    answers = together(lambda _: desk.call(OFFICER, "POST", f"{path}/accept", json={}))
    assert answers == [200] + [409] * (CROWD - 1)
    desk.drain()
    assert len(desk.get(OFFICER, "/v1/cases")["items"]) == 1


def test_all_of_a_crowd_assign_a_clue_one_after_another(desk):
    path = f"/v1/clues/{journeys.receive_clue(desk)['id']}"
    answers = together(lambda number: desk.call(OFFICER, "POST", f"{path}/assign", json={"assigned_to": str(number)}))
    assert answers == [200] * CROWD
    assert desk.get(OFFICER, path)["version"] == 1 + CROWD


def test_a_crowd_that_reports_the_same_makes_one_clue(desk):
    body = {"title": "夜间异味", "summary": "接警转交", "enterprise_id": "E", "enterprise_name": "厂"}
    body |= {"division": journeys.CITY, "discovered_at": desk.clock.now.isoformat()}
    assert together(lambda _: desk.call(OFFICER, "POST", "/v1/clues", json=body)) == [201] * CROWD
    (clue,) = desk.get(OFFICER, "/v1/clues")["items"]
    assert clue["reports"] == CROWD


def test_one_of_a_crowd_sends_a_referral(desk):
    referral = journeys.approved_referral(desk)
    path = f"/v1/referrals/{referral['id']}"
    for document, details in journeys.DOCUMENTS.items():
        desk.attach(OFFICER, path, document, document.encode(), **details)
    body = {"letter_number": "1"}
    answers = together(lambda _: desk.call(OFFICER, "POST", f"{path}/send", json=body))
    assert answers == [200] + [409] * (CROWD - 1)


def test_all_of_a_crowd_upload_and_open_evidence(desk):
    path = f"/v1/clues/{journeys.receive_clue(desk)['id']}/evidence"
    headers = {"content-type": "text/plain"}

    def upload(number: int):
        params = {"document": "crim_other", "name": f"{number}.txt"}
        return desk.call(OFFICER, "POST", path, params=params, content=f"text {number}".encode(), headers=headers)

    assert together(upload) == [201] * CROWD
    item = desk.get(OFFICER, path)["items"][0]
    assert together(lambda _: desk.call(OFFICER, "GET", f"{path}/{item['id']}/content")) == [200] * CROWD
    acts = [act["act"] for act in desk.get(OFFICER, f"{path}/{item['id']}/custody")["items"]]
    assert acts == ["added"] + ["opened"] * CROWD
