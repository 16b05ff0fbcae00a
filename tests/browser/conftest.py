"""One local stack with real articles, and the machine's own Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from feedsmith_local.stack import LocalStack
from support.console import DESKTOP, Console
from support.newsroom import newsroom

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make browser")
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed: make browser")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: make browser")
    with sync_api.sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, whom containers run as.
        launched = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=False)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def stack(browser: Browser, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with newsroom(tmp_path_factory.mktemp("state"), models) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A visitor's browser, with nothing in it."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        given = {"viewport": DESKTOP, "locale": "en-GB", "reduced_motion": "reduce", **options}
        opened.append(browser.new_context(**given))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def console(context: Callable[..., BrowserContext], stack: LocalStack) -> Iterator[Console]:
    """A tab, not signed in; whatever the test does there, no page may complain or ask another host."""
    opened = Console.open(context(), stack.base_url)
    yield opened
    opened.check()
