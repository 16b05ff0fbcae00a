"""Every page in every light: screenshots, no serious finding of axe-core, nothing wider than the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedsmith_local.stack import LocalStack
from support.console import DESKTOP, PAGES, PHONE, Console, bad_findings

expect = pytest.importorskip("playwright.sync_api").expect

SCREENS = Path(__file__).resolve().parents[2] / "reports" / "screens"
# Headlines are written for what has been near the part that is seen.
DOWN_AND_UP = "new Promise(done => { scrollTo(0, 1e6); setTimeout(() => { scrollTo(0, 0); done(); }, 200); })"


def _look(console: Console, name: str, scheme: str) -> None:
    for screen, size in (("desktop", DESKTOP), ("phone", PHONE)):
        console.page.set_viewport_size(size | {"height": 1_900} if name == "why" else size)  # the dialog whole
        console.page.evaluate(DOWN_AND_UP)
        console.settle()
        SCREENS.mkdir(parents=True, exist_ok=True)
        console.page.screenshot(path=SCREENS / f"{name}-{scheme}-{screen}.png", full_page=name != "why")
        assert bad_findings(console.page) == []
        width = console.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], f"{name} is {width} px wide on a {screen}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*PAGES, "why", "sign-in"])
def test_each_page(context: Callable[..., Any], stack: LocalStack, name: str, scheme: str) -> None:
    console = Console.open(context(color_scheme=scheme), stack.base_url)
    if name == "sign-in":
        console.page.goto(f"{stack.base_url}/console")
    else:
        console.sign_in(stack.key, "reader-08")
        console.go(name if name in PAGES else "reader")
    if name == "why":
        console.page.get_by_role("button", name="Why").first.click()
        expect(console.page.get_by_role("dialog").locator(".checks")).to_be_visible()
    if name == "content":
        console.page.locator(".rows button").first.click()
        console.settle()

    _look(console, name, scheme)

    console.check()


def test_in_chinese(context: Callable[..., Any], stack: LocalStack) -> None:
    console = Console.open(context(locale="zh-CN"), stack.base_url)
    console.sign_in(stack.key, "reader-08")

    expect(console.page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(console.page.get_by_role("link", name="读者")).to_have_attribute("aria-current", "page")
    expect(console.page.locator(".reasons").first).to_contain_text("你")
    _look(console, "reader-zh", "light")
    console.page.get_by_role("button", name="为什么").first.click()
    expect(console.page.get_by_role("dialog")).to_contain_text("各项之和")
    console.page.keyboard.press("Escape")

    console.page.get_by_role("button", name="English").click()
    expect(console.page.locator("html")).to_have_attribute("lang", "en")
    console.page.reload()
    expect(console.page.get_by_role("link", name="Reader")).to_be_visible()  # the choice is kept
    console.check()


def test_the_theme_can_be_chosen(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key, "reader-08")
    background = "getComputedStyle(document.body).backgroundColor"
    light = console.page.evaluate(background)
    console.page.get_by_label("Reader's id").fill("half-typed")

    console.page.get_by_role("button", name="Dark or light").click()

    assert console.page.evaluate(background) != light
    expect(console.page.get_by_label("Reader's id")).to_have_value("half-typed")
    console.page.reload()
    expect(console.page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_tenant_without_content_is_told_what_to_do(context: Callable[..., Any], stack: LocalStack) -> None:
    from feedsmith.bootstrap import services

    key = services().access.create("empty", role="operator")
    console = Console.open(context(), stack.base_url)
    console.sign_in(key.text)
    expect(console.page.get_by_text("Nothing to show. Upload content on the page Content.")).to_be_visible()
    for name in PAGES:
        console.go(name)
        assert console.page.get_by_role("alert").count() == 0
        assert bad_findings(console.page) == []
    console.check()
