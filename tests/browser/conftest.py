"""A real desk of processes on which the demo was played, and a browser that may speak to this host alone."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from scripts import demo_texts as texts
from scripts.demo import Journey
from scripts.partner import open_door
from scripts.seed import seed
from shared.clock import ZONE
from tests.processes import environment, free_ports, running_desk

CHROMIUM = shutil.which("chromium")
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TITLE = "例行检查发现监测数据异常"


class Told(Journey):
    """A journey that begins with an officer's own report, without data behind it."""

    def detect(self) -> tuple[str, str]:
        """Report the clue."""
        body = {
            "title": TITLE,
            "summary": "生产负荷未下降而氮氧化物浓度下降六成，持续九小时。",
            "source": "manual",
            "enterprise_id": "DEMO-00001",
            "enterprise_name": texts.ENTERPRISE,
            "division": "320500",
            "discovered_at": datetime.now(ZONE).isoformat(),
        }
        made = self.try_until(lambda: self.as_("zhang").post("/v1/clues", body, key=f"told{self.tag}"))
        self.clue = f"/v1/clues/{made['id']}"
        return "", ""


@dataclass
class Played:
    """A desk on which one journey was played to its end, and another waits for its report."""

    url: str
    passwords: dict[str, str]
    referral: dict[str, Any]
    waiting: str
    """Address of a referral whose report is not yet submitted."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Played]:
    """Start every process, play the demo, and stop them at the end."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    server = request.getfixturevalue("postgres") if os.environ.get("DATABASE") == "postgresql" else ""
    wanted = environment(tmp_path_factory.mktemp("browser") / "var", server, f"b{os.getpid()}_")
    (port,) = free_ports(1)
    with running_desk(wanted) as (supervisor, settings):
        passwords, partners = seed(settings, partner_url=f"http://127.0.0.1:{port}")
        door = open_door(port, settings.gateway_url, partners)
        door.serve_in_background()
        demo = Journey(settings.gateway_url, passwords, say=lambda *_: None, tending=supervisor.watch)
        referral = demo.play()
        other = Told(settings.gateway_url, passwords, say=lambda *_: None, tending=supervisor.watch, tag="2")
        other.officers = demo.officers
        for leg in (other.detect, other.verify_clue, other.accept_clue, other.file_case, other.record_facts):
            leg()
        other.ask_for_referral()
        yield Played(settings.gateway_url, passwords, referral, other.referral.replace("/v1", "/console"))
        for officer in demo.officers.values():
            officer.close()
        door.close()


@pytest.fixture(scope="module")
def browser(desk: Played) -> Iterator[Browser]:
    """Start Debian's Chromium; playwright's loop runs in this thread until it ends, so it ends with the file."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield started
        started.close()


@dataclass
class Watched:
    """A page, every address it asked for, and everything it complained of."""

    page: Page
    url: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to a page of the console."""
        self.page.goto(f"{self.url}{path}")

    def sign_in(self, login: str, password: str) -> None:
        """Sign in as an officer does."""
        self.open("/console")
        self.page.get_by_label("登录名").fill(login)
        self.page.get_by_label("密码").fill(password)
        self.page.keyboard.press("Enter")
        self.page.get_by_role("heading", name="待办事项").wait_for()
        self.ready("**/console")

    def ready(self, address: str) -> None:
        """Wait for a page that was asked for, and until its deferred script has run: before that it hears nobody."""
        self.page.wait_for_url(address)
        self.page.locator("html[data-ready]").wait_for(state="attached")


@pytest.fixture
def watched(browser: Browser, desk: Played) -> Iterator[Watched]:
    """Open a fresh page in which nothing but this host can be reached."""
    context: BrowserContext = browser.new_context(viewport={"width": 1400, "height": 900}, locale="zh-CN")
    seen = Watched(context.new_page(), desk.url)

    def watch(route: Route) -> None:
        seen.asked.append(route.request.url)
        if route.request.url.startswith(f"{desk.url}/"):
            route.continue_()
        else:
            route.abort()

    context.route("**/*", watch)
    seen.page.on("console", lambda message: seen.complaints.append(message.text) if message.type == "error" else None)
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    yield seen
    context.close()
