"""Complaints in the console, over real rooms: taken and answered by form, asked after; who complained stays sealed."""

import re
from typing import Any

import pytest

from tests.desk import Desk
from tests.e2e.door import Door
from tests.service.clue.complaining import CONTACT, HOTLINE, NAME, declined, filed
from tests.service.gateway.paging import Enter, clock, door, enter

__all__ = ["clock", "door", "enter"]

CITY = "eea-320500"
PEOPLE = {
    "duty": (CITY, ["duty_officer"]),
    "officer": (CITY, ["case_officer"]),
    "keeper": (CITY, ["evidence_keeper"]),
    "outsider": ("eea-320100", ["clue_officer", "case_officer", "agency_head"]),
    "police": ("psb-320500", ["liaison"]),
    "hotline": ("hou-320500", ["liaison"]),
}
BOARD, NEW, ASK = "/console/complaints", "/console/complaints/new", "/console/complaints/answer"
FORM = {
    "category": "odour",
    "channel": "hotline_12345",
    "division": "320500",
    "place": "平泷路 18 号附近",
    "occurred_at": "2026-09-06T23:00",
    "summary": "夜间有刺鼻气味，持续约两小时",
    "enterprise_name": "示例化工有限公司",
    "complainant.name": NAME,
    "complainant.contact": CONTACT,
}


def taken(enter: Enter, **changes: str) -> tuple[str, str, str]:
    """Take a complaint by form: its page, its number and its code."""
    duty = enter("duty")
    page = duty.send(NEW, duty.page(NEW), FORM | {"key": "k"} | changes, 200).text
    address = re.search(rf'href="({BOARD}/[0-9a-f-]{{36}})"', page)
    number, code = re.findall(r'<dd class="answer">(.*?)</dd>', page)
    assert address is not None
    return address[1], number, code


def problem(text: str) -> str:
    """What the page says of a refusal."""
    return text.partition('class="problem"')[2].partition("</div>")[0]


class TestTaking:
    def test_gives_a_number_and_this_once_a_code(self, enter: Enter) -> None:
        address, number, code = taken(enter)
        assert re.fullmatch(r"苏12345-2026-000001-[0-9A-Z]", number)
        assert re.fullmatch(r"([2-7A-Z]{4}-){3}[2-7A-Z]{4}", code)
        duty = enter("duty")
        for path in (BOARD, address):
            page = duty.page(path)
            assert number in page
            assert code not in page
        assert "具名（身份已封存）" in duty.page(address)

    def test_sent_again_makes_no_second(self, enter: Enter, door: Door) -> None:
        first, again = taken(enter), taken(enter)
        assert first == again
        assert len(door.get("duty", "/v1/complaints")["items"]) == 1

    def test_a_name_within_the_text_is_refused_beside_the_form_and_nothing_typed_is_lost(self, enter: Enter) -> None:
        duty = enter("duty")
        refused = duty.send(NEW, duty.page(NEW), FORM | {"summary": f"{NAME}来电反映异味"}, 422)
        assert "文字中写有投诉举报人的身份信息" in problem(refused.text)
        assert "情况简述" in problem(refused.text)
        assert NAME not in problem(refused.text)
        assert "平泷路 18 号附近" in refused.text

    def test_what_is_missing_is_named(self, enter: Enter) -> None:
        duty = enter("duty")
        refused = duty.send(NEW, duty.page(NEW), {"category": "odour", "channel": "letter", "division": "320500"}, 422)
        assert "情况简述" in problem(refused.text)


class TestAsking:
    def test_tells_state_and_reply_by_number_and_code(self, enter: Enter, desk: Desk, door: Door) -> None:
        address, number, code = taken(enter)
        duty = enter("duty")
        asked = {"tracking": number, "query_code": code}
        assert "办理中" in duty.send(ASK, duty.page(ASK), asked, 200).text
        declined(desk, door.get("duty", f"/v1{address.removeprefix('/console')}"))
        assert "待答复" in duty.page(address)
        duty.step(address, "reply", reply="已现场核查，未发现异常")
        told = duty.send(ASK, duty.page(ASK), asked, 200).text
        assert "已现场核查，未发现异常" in told
        assert NAME not in told

    def test_a_wrong_code_and_a_wrong_number_are_refused_alike_and_in_words(self, enter: Enter) -> None:
        _, number, code = taken(enter)
        duty = enter("duty")
        wrong = duty.send(ASK, duty.page(ASK), {"tracking": number, "query_code": "A" * 16}, 404)
        assert "编号或查询码不符" in problem(wrong.text)
        turned = number[:-1] + ("A" if number[-1] != "A" else "B")
        assert "编号" in problem(duty.send(ASK, duty.page(ASK), {"tracking": turned, "query_code": code}, 422).text)
        assert problem(duty.send(ASK, duty.page(ASK), {"tracking": "../clues", "query_code": code}, 422).text)

    def test_another_bureau_learns_nothing_by_number_and_code(self, enter: Enter) -> None:
        _, number, code = taken(enter)
        outsider = enter("outsider")
        outsider.send(ASK, outsider.page(ASK), {"tracking": number, "query_code": code}, 404)


class TestWhoComplained:
    def test_stands_on_no_page_and_is_opened_only_with_a_reason(self, enter: Enter, door: Door) -> None:
        address, _, _ = taken(enter)
        officer = enter("officer")
        found = door.get("officer", f"/v1{address.removeprefix('/console')}")
        clue = found["clue_ref"].replace("clue:", "/console/clues/")
        journey = f"/console/journeys/{found['journey_id']}"
        for path in (BOARD, address, clue, journey, "/console", "/console/notices", f"{address}/evidence/new"):
            assert NAME not in officer.page(path), path
            assert CONTACT not in officer.page(path), path
        refused = officer.step(address, "open_identity", 422, reason="")
        assert "理由" in problem(refused.text)
        assert NAME not in refused.text
        opened = officer.step(address, "open_identity", 200, reason="核实现场情况")
        again = officer.http.get(f"{address}/steps/open_identity")
        assert (again.status_code, again.headers["location"]) == (303, address)
        assert NAME in opened.text
        assert CONTACT in opened.text
        assert "no-store" in opened.headers["cache-control"]
        page = officer.page(address)
        assert "启封投诉举报人身份" in page.partition('class="entries"')[2]
        assert NAME not in page

    @pytest.mark.parametrize("who", ["duty", "keeper"])
    def test_is_not_opened_by_another_role(self, enter: Enter, who: str) -> None:
        address, _, _ = taken(enter)
        person = enter(who)
        assert NAME not in person.step(address, "open_identity", 403, reason="想看看").text
        group = person.page(address).partition('id="step-open_identity"')[0].rpartition('<details class="step ')[2]
        assert group.startswith("others")


class TestWhoMaySee:
    def test_an_outsider_and_a_partner_find_nothing(self, enter: Enter) -> None:
        address, number, _ = taken(enter)
        for who in ("outsider", "police"):
            person = enter(who)
            assert number not in person.page(BOARD)
            for path in (address, f"{address}/evidence/new"):
                person.page(path, 404)
            form: dict[str, Any] = {"reason": "x"}
            assert person.send(f"{address}/steps/open_identity", person.page("/console/notices"), form, 404)

    def test_only_who_takes_complaints_is_offered_the_form(self, enter: Enter) -> None:
        offers = {who: f'href="{NEW}"' in enter(who).page(BOARD) for who in PEOPLE}
        assert offers == {"duty": True, "officer": False, "keeper": False, "outsider": True} | dict.fromkeys(
            ("police", "hotline"), False
        )
        for who in ("officer", "keeper", "police"):
            person = enter(who)
            person.page(NEW, 404)
            person.send(NEW, person.page("/console/notices"), FORM, 404)
        enter("police").page(ASK, 404)

    def test_the_navigation_leads_there_only_whoever_may_use_it(self, enter: Enter) -> None:
        assert f'<a href="{BOARD}" data-go="p">' in enter("keeper").page("/console")
        assert f'<a href="{BOARD}" data-go' not in enter("police").page("/console")

    def test_the_agency_of_a_hotline_sees_what_it_put_down_and_not_the_clue(self, enter: Enter, desk: Desk) -> None:
        complaint = filed(desk, HOTLINE)
        hotline, police = enter("hotline"), enter("police")
        assert f'href="{BOARD}?state=received"' in hotline.page("/console")
        assert BOARD not in police.page("/console")
        address = f"{BOARD}/{complaint['id']}"
        page = hotline.page(address)
        assert complaint["tracking"] in page
        assert NAME not in page
        assert complaint["clue_ref"].partition(":")[2] not in page
        hotline.step(address, "open_identity", 403, reason="想看看")
        hotline.step(address, "withdraw", reason="来电人撤回")
        assert "已撤回" in hotline.page(address)

    def test_a_form_from_elsewhere_opens_nothing(self, enter: Enter) -> None:
        address, _, _ = taken(enter)
        officer = enter("officer")
        body = {"reason": "x", "csrf": "0" * 64}
        answer = officer.http.post(
            f"{address}/steps/open_identity", data=body, headers={"sec-fetch-site": "same-origin"}
        )
        assert answer.status_code == 403
        assert NAME not in answer.text
