"""The console's notice pages: what an officer sees and chooses, and what an administrator does beside it."""

import re

import httpx
import pytest

from tests.service.gateway.conftest import SIGNED_IN
from tests.service.gateway.serving import http_to
from tests.service.gateway.telling import raise_notice, turn
from tests.service.gateway.test_console import SAME, token_of

PAGE = "/console/notice-settings"


def visiting(http: httpx.Client, login: str) -> httpx.Client:
    """Return the client with a person's cookie, reading Chinese."""
    http.cookies.set("lianqin_session", SIGNED_IN[login], path="/console")
    http.headers["accept-language"] = "zh"
    return http


def send(http: httpx.Client, path: str, **form: object) -> httpx.Response:
    """Send a form of the settings page as the page does."""
    token = token_of(http.get(PAGE))
    return http.post(f"{PAGE}{path}", data={"csrf": token, **form}, headers=SAME)  # type: ignore[dict-item]


@pytest.fixture
def officer(http: httpx.Client) -> httpx.Client:
    """Visit as the officer."""
    return visiting(http, "officer")


@pytest.fixture
def keeper(http: httpx.Client) -> httpx.Client:
    """Visit as the administrator."""
    return visiting(http, "keeper")


class TestPerson:
    def test_adds_a_channel_and_sees_its_key_once(self, officer, rooms):
        shown = send(officer, "/channels", kind="webhook", label="值班手机", url=f"{rooms}/phone")
        assert shown.status_code == 200, shown.text
        assert "whsec_" in shown.text
        again = officer.get(PAGE).text
        assert "whsec_" not in again
        assert "值班手机" in again
        assert f"{rooms}/phone" not in again

    def test_what_is_refused_says_why_and_stores_nothing(self, officer):
        shown = send(officer, "/channels", kind="bot", label="x", url="json://10.0.0.1/x")
        assert shown.status_code == 422
        assert "只接受下列机器人" in shown.text
        assert "没有其他渠道" in shown.text

    def test_chooses_hours_within_what_the_agency_grants(self, officer):
        assert send(officer, "/preferences", quiet_from="22", quiet_to="7", digest_hour="9").status_code == 303
        assert '<option value="22" selected>' in officer.get(PAGE).text
        refused = send(officer, "/preferences", quiet_from="12", quiet_to="14")
        assert refused.status_code == 422
        assert "免打扰时段须在" in refused.text

    def test_a_calendar_address_is_shown_once_renewed_and_revoked(self, officer):
        shown = send(officer, "/calendar").text
        assert re.search(r"/v1/calendar/[A-Za-z0-9_-]{43}\.ics", shown)
        page = officer.get(PAGE).text
        assert "/v1/calendar/" not in page
        (feed,) = re.findall(r"/console/notice-settings/calendar/([0-9a-f-]{36})/end", page)
        assert "/v1/calendar/" in send(officer, f"/calendar/{feed}/rotate").text
        assert send(officer, f"/calendar/{feed}/end").status_code == 303
        assert feed not in officer.get(PAGE).text

    def test_sees_nothing_of_the_agencys_settings_and_cannot_change_them(self, officer):
        assert "单位要求" not in officer.get(PAGE).text
        for path in ("/mandate", "/templates", "/retry"):
            form = {"template": "notice:clue_received", "receiver": "mail:018f0000-0000-7000-8000-000000000000"}
            form |= {
                "quiet_from": "20",
                "quiet_to": "8",
                "title_zh": "x",
                "title_en": "x",
                "body_zh": "x",
                "body_en": "x",
            }
            assert send(officer, path, **form).status_code in (403, 404), path

    def test_a_notice_says_its_level_that_it_asks_and_how_it_went(self, officer, room, rooms):
        send(officer, "/channels", kind="webhook", label="值班手机", url=f"{rooms}/phone")
        raise_notice(room, "n", needs_answer=True)
        with http_to() as client:
            turn(room, client)
        page = officer.get("/console/notices").text
        assert all(words in page for words in ("紧急", "需确认", "值班手机 已送达", "已阅"))


class TestAdministrator:
    def test_asks_words_and_hours_of_the_agency(self, keeper):
        assert send(keeper, "/mandate", urgent="mail", quiet_from="21", quiet_to="7", digest="true").status_code == 303
        page = keeper.get(PAGE).text
        assert 'value="mail" checked' in page
        words = {"title_zh": "请看{title}", "title_en": "See {title}", "body_zh": "{ref}", "body_en": "{ref}"}
        assert send(keeper, "/templates", template="notice:clue_received", **words).status_code == 303
        assert "请看{title}" in keeper.get(PAGE).text
        refused = send(keeper, "/templates", template="notice:clue_received", **words | {"title_zh": "{invented}"})
        assert refused.status_code == 422
        assert "没有占位符" in refused.text
        assert send(keeper, "/templates", template="notice:clue_received", reset="true").status_code == 303
        assert "请看{title}" not in keeper.get(PAGE).text


@pytest.mark.parametrize("path", ["/preferences", "/channels", "/calendar", "/mandate", "/templates", "/retry"])
def test_every_form_needs_its_token(officer, path):
    answer = officer.post(f"{PAGE}{path}", data={"csrf": "0" * 64}, headers=SAME)
    assert answer.status_code == 403
