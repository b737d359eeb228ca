"""Notices by mail, over a real mail server on the loopback."""

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from time import sleep
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from icalendar import Calendar, Event

from shared.records.room import Room
from tests.service.gateway.conftest import PASSWORD, TestClock, sign_in
from tests.service.gateway.posting import tell
from tests.service.gateway.working import until, working


class Postbox:
    """A real mail server's handler that keeps what it takes; `refuses` answers RCPT with that code."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.refuses: str | None = None

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        """Take or refuse a recipient."""
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep a message."""
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        return "250 OK"


@pytest.fixture(scope="module")
def postbox() -> Iterator[tuple[Postbox, int]]:
    """Start a mail server on the loopback."""
    postbox = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield postbox, port
    controller.stop()


class TestMail:
    @pytest.fixture
    def settings(self, postbox: tuple[Postbox, int]) -> dict[str, object]:
        """Send mail through it."""
        postbox[0].taken.clear()
        postbox[0].refuses = None
        return {
            "smtp_host": "127.0.0.1",
            "smtp_port": postbox[1],
            "smtp_from": "desk@eea.example",
            "poll_seconds": 0.02,
        }

    @pytest.fixture
    def reader(self, http: httpx.Client) -> None:
        """Add people with mail addresses, one for each language."""
        for language in ("zh", "en"):
            body = {"login": f"reader.{language}", "name": "R", "agency": "eea-320500", "password": PASSWORD}
            body |= {"email": f"{language}@example.com", "language": language, "roles": ["case_officer"]}  # type: ignore[dict-item]
            assert http.post("/v1/people", json=body, headers=sign_in(http, "keeper")).status_code == 201

    @pytest.mark.usefixtures("reader")
    def test_in_each_readers_language(self, http: httpx.Client, room: Room, postbox: tuple[Postbox, int]) -> None:
        tell(http, room)
        tell(http, room)
        with working(room):
            until(lambda: len(postbox[0].taken) == 2)
            sleep(0.1)
        letters = {str(letter["To"]): letter for letter in postbox[0].taken}
        assert len(postbox[0].taken) == 2
        assert letters["zh@example.com"]["Subject"] == "【紧急】期限将至"
        assert letters["en@example.com"]["Subject"] == "[Urgent] A deadline is near"
        assert "立案期限将于明日届满" in letters["zh@example.com"].get_content()
        assert letters["en@example.com"]["List-Id"] == "<notices.eea.example>"
        assert len({letter["Message-ID"] for letter in letters.values()}) == 2
        assert letters["en@example.com"]["Message-ID"].endswith("@eea.example>")

    @pytest.mark.usefixtures("reader")
    def test_a_title_adds_no_line_to_the_head_or_the_calendar(
        self, http: httpx.Client, room: Room, postbox: tuple[Postbox, int]
    ) -> None:
        calendar, event = Calendar(), Event()
        event.add("summary", "会商\u2028STATUS:CANCELLED\x85ATTENDEE:mailto:x@example.com\x0bX:1")
        event.add("uid", "1@x")
        calendar.add_component(event)
        title = "期限\r\nBcc: x@example.com"
        tell(http, room, title_zh=title, title_en=title, calendar=calendar.to_ical().decode())
        with working(room):
            until(lambda: len(postbox[0].taken) == 2)
        for letter in postbox[0].taken:
            assert "Bcc" not in letter
            part = next(part for part in letter.walk() if part.get_content_type() == "text/calendar")
            (told,) = Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
            assert set(told) == {"SUMMARY", "UID"}

    @pytest.mark.usefixtures("reader")
    @pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
    def test_a_calendar_is_an_alternative_and_a_file(
        self, http: httpx.Client, room: Room, postbox: tuple[Postbox, int], method: str
    ) -> None:
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//ZH", f"METHOD:{method}", "BEGIN:VEVENT", "UID:1@x"]
        lines += ["DTSTAMP:20261123T010000Z", "DTSTART:20261124T010000Z", "SUMMARY:会商", "END:VEVENT", "END:VCALENDAR"]
        calendar = "\r\n".join(lines) + "\r\n"
        tell(http, room, calendar=calendar)
        with working(room):
            until(lambda: len(postbox[0].taken) == 2)
        for letter in postbox[0].taken:
            parts = [part for part in letter.walk() if part.get_content_type() == "text/calendar"]
            assert [part.get_content_disposition() for part in parts] == [None, "attachment"]
            assert {part.get_param("method") for part in parts} == {method}
            assert {part.get_content_charset() for part in parts} == {"utf-8"}
            assert parts[1].get_filename() == "invite.ics"
            assert all(part.get_payload(decode=True) == calendar.encode() for part in parts)
            alternative = next(part for part in letter.walk() if part.get_content_type() == "multipart/alternative")
            assert [part.get_content_type() for part in alternative.iter_parts()] == ["text/plain", "text/calendar"]

    @pytest.mark.usefixtures("reader")
    def test_a_title_cannot_add_headers(self, http: httpx.Client, room: Room, postbox: tuple[Postbox, int]) -> None:
        tell(http, room, title_en="one\r\nBcc: all@example.com", title_zh="一\n二")
        with working(room):
            until(lambda: len(postbox[0].taken) == 2)
        assert all(letter["Bcc"] is None for letter in postbox[0].taken)

    @pytest.mark.usefixtures("reader")
    def test_comes_again_after_a_passing_failure_with_the_same_id(
        self, http: httpx.Client, room: Room, postbox: tuple[Postbox, int], clock: TestClock
    ) -> None:
        postbox[0].refuses = "451 later"
        tell(http, room)
        with working(room):
            sleep(0.3)
            assert postbox[0].taken == []
            postbox[0].refuses = None
            until(lambda: clock.move(seconds=1) or len(postbox[0].taken) == 2)

    @pytest.mark.usefixtures("reader")
    def test_a_lasting_refusal_is_told_in_the_inbox_only(
        self, http: httpx.Client, room: Room, postbox: tuple[Postbox, int]
    ) -> None:
        postbox[0].refuses = "550 no such box"
        tell(http, room)
        keeper = sign_in(http, "keeper")
        with working(room):
            items = until(lambda: len(found := http.get("/v1/notices", headers=keeper).json()["items"]) == 2 and found)
        assert {item["title"].rpartition(" ")[2] for item in items} == {"zh@example.com", "en@example.com"}
        assert "550 no such box" in items[0]["body"]
