"""The console as a visitor has it before them, in a browser."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
PAGES = ("reader", "me", "segments", "content", "insight", "compare")
# What the browser itself notes of an answer that the page asked for and deals with.
NOT_KNOWN = "status of 404"
TIMEOUT_MS = 20_000
LOOK_MS, CALM_LOOKS = 50, 5


@dataclass
class Console:
    """A tab; ``expected`` holds parts of those error messages that belong to the test."""

    page: Page
    base_url: str
    expected: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)
    under_way: set[Request] = field(default_factory=set)

    @classmethod
    def open(cls, context: BrowserContext, base_url: str) -> Console:
        context.set_default_timeout(TIMEOUT_MS)
        console = cls(context.new_page(), base_url)
        console.page.on("console", console._heard)
        console.page.on("pageerror", lambda error: console.errors.append(str(error)))
        console.page.on("request", console._asked)
        console.page.on("requestfinished", console._answered)
        console.page.on("requestfailed", console._answered)
        return console

    def sign_in(self, key: str, reader: str | None = None) -> None:
        """By the link that ``serve`` prints, as ``reader`` or as a new one."""
        if reader is not None:
            self.page.goto(f"{self.base_url}/console/style.css")  # of the same origin, and without a script
            self.page.evaluate("id => sessionStorage.setItem('feedsmith-reader', id)", reader)
        self.page.goto(f"{self.base_url}/console#key={key}")
        self.settle()

    def go(self, name: str) -> None:
        self.page.goto(f"{self.base_url}/console#/{name}")
        self.page.locator("nav a[aria-current]").wait_for()
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is asked for any more; playwright's own ``networkidle`` comes once a document."""
        calm = 0
        while calm < CALM_LOOKS:
            self.page.wait_for_timeout(LOOK_MS)
            calm = 0 if self.under_way else calm + 1

    def topics(self) -> Counter[str]:
        """How often each topic is the main one of an item of the feed, once the feed stands still."""
        self.page.locator("li[data-item]").first.wait_for()
        self.settle()
        found = self.page.locator("li[data-item]").evaluate_all("all => all.map(one => one.dataset.topic ?? '')")
        return Counter(found)

    def click_one(self, topic: str) -> str:
        """Open the first item of a topic; returns its id once the feed has taken it in."""
        item = self.page.locator(f'li[data-topic="{topic}"]').first
        item_id = item.get_attribute("data-item")
        item.get_by_role("button", name="Open").click()
        self.page.locator(f'li[data-item="{item_id}"]').wait_for(state="detached")
        self.settle()
        return str(item_id)

    def refresh(self) -> None:
        with self.page.expect_response(lambda answer: "/recommendations" in answer.url):
            self.page.get_by_role("button", name="Refresh").click()
        self.settle()

    def hosts(self) -> set[str]:
        return {urlsplit(url).netloc for url in self.requested if url.startswith(("http:", "https:", "ws:", "wss:"))}

    def check(self) -> None:
        """Nothing went wrong that the test did not mean, and nobody else was asked anything."""
        unmeant = [one for one in self.errors if not any(part in one for part in (*self.expected, NOT_KNOWN))]
        assert unmeant == []
        assert self.hosts() <= {urlsplit(self.base_url).netloc}

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _asked(self, request: Request) -> None:
        self.requested.append(request.url)
        self.under_way.add(request)

    def _answered(self, request: Request) -> None:
        self.under_way.discard(request)


def bad_findings(page: Page) -> list[Any]:
    """What axe-core finds on a page and calls serious or critical: (rule, first element)."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
