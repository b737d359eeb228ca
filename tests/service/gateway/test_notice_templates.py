"""An agency's own words for a notice: used while they fit, refused when they cannot be filled in."""

from typing import Any

import httpx
import pytest

from shared.records.room import Room
from tests.service.gateway.conftest import sign_in
from tests.service.gateway.telling import raise_notice
from tests.service.gateway.test_notice_settings import TEMPLATE, WORDS, journalled


class TestTemplates:
    def raised(self, http: httpx.Client, room: Room, **said: Any) -> str:
        """Raise the notice of a received clue and return its title in the inbox."""
        values = {"ref": "…1", "title": "夜间排放", **said.pop("values", {})}
        raise_notice(room, f"t{values}", template="notice:clue_received", values=values, **said)
        item = http.get("/v1/notices", headers=sign_in(http, "officer")).json()["items"][0]
        return f"{item['title']}|{item['body']}"

    def test_own_words_are_used_until_reset(self, http: httpx.Client, room: Room) -> None:
        keeper = sign_in(http, "keeper")
        shown = http.put(TEMPLATE, json=WORDS, headers=keeper).json()
        assert (shown["own"], shown["fits"], shown["placeholders"]) == (WORDS, True, ["ref", "title"])
        assert self.raised(http, room) == "See 夜间排放|No. …1"
        assert http.post(f"{TEMPLATE}/reset", headers=keeper).json()["own"] is None
        assert self.raised(http, room, values={"ref": "…2"}).startswith("A deadline is near|")
        assert (journalled(room, "notices.worded"), journalled(room, "notices.words_reset")) == (1, 1)

    def test_the_mark_of_what_is_not_law_stays(self, http: httpx.Client, room: Room) -> None:
        http.put(TEMPLATE, json=WORDS, headers=sign_in(http, "keeper"))
        assert self.raised(http, room, values={"mark_en": "[Agreed] "}).startswith("[Agreed] See")

    def test_words_that_no_longer_fit_give_way_to_the_catalogues(self, http: httpx.Client, room: Room) -> None:
        http.put(TEMPLATE, json=WORDS, headers=sign_in(http, "keeper"))
        raise_notice(room, "gone", template="notice:clue_received", values={"ref": "1"})
        (item,) = http.get("/v1/notices", headers=sign_in(http, "officer")).json()["items"]
        assert item["title"] == "A deadline is near"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"title_zh": "{unknown}"}, "unknown_placeholder"),
            ({"body_en": "{title.__class__}"}, "unknown_placeholder"),
            ({"body_en": "{title!r}"}, "unknown_placeholder"),
            ({"body_en": "{title:>99999999}"}, "unknown_placeholder"),
            ({"body_en": "{}"}, "unknown_placeholder"),
            ({"body_zh": "{title"}, "braces"),
            ({"body_zh": "title}"}, "braces"),
        ],
    )
    def test_a_malformed_text_is_refused_and_nothing_is_stored(
        self, http: httpx.Client, room: Room, change: dict[str, str], code: str
    ) -> None:
        keeper = sign_in(http, "keeper")
        answer = http.put(TEMPLATE, json=WORDS | change, headers=keeper)
        assert answer.status_code == 422, answer.text
        assert [error["code"] for error in answer.json()["errors"]] == [code]
        assert answer.json()["errors"][0]["field"] == next(iter(change))
        listed = http.get("/v1/notice-templates/eea-320500", headers=keeper).json()
        assert all(one["own"] is None for one in listed)
        assert journalled(room, "notices.worded") == 0

    @pytest.mark.parametrize(
        "change", [{"title_zh": "长" * 121}, {"body_zh": "长" * 2001}, {"title_en": "a\nb"}, {"x": "y"}]
    )
    def test_too_long_or_odd_a_text_is_refused(self, http: httpx.Client, change: dict[str, str]) -> None:
        assert http.put(TEMPLATE, json=WORDS | change, headers=sign_in(http, "keeper")).status_code == 422

    def test_a_text_nobody_knows_is_not_found(self, http: httpx.Client) -> None:
        path = "/v1/notice-templates/eea-320500/notice:invented"
        assert http.put(path, json=WORDS, headers=sign_in(http, "keeper")).status_code == 404
