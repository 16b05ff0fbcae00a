"""The reader's page: a feed that follows what is read, and says why."""

from __future__ import annotations

from typing import Any

import pytest

from feedsmith_local.stack import LocalStack
from support.console import Console

expect = pytest.importorskip("playwright.sync_api").expect


def test_three_clicks_on_a_topic_at_least_double_its_share(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key)
    console.page.get_by_role("button", name="New reader").click()
    expect(console.page.locator("[data-basis]")).to_have_attribute("data-basis", "general")
    before = console.topics()
    # One that is there, with room to double.
    topic = min(
        (name for name, count in before.items() if name and count * 2 <= before.total()), key=before.__getitem__
    )

    for _ in range(3):
        console.click_one(topic)
    console.refresh()

    after = console.topics()
    assert after[topic] / after.total() >= 2 * before[topic] / before.total(), (topic, before, after)
    expect(console.page.locator("[data-basis]")).to_have_attribute("data-basis", "personal")


def test_what_changed_is_marked(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key)
    topic = next(iter(console.topics()))
    shown = set(console.page.locator("li[data-item]").evaluate_all("all => all.map(one => one.dataset.item)"))

    console.click_one(topic)

    for item in console.page.locator("li[data-item]").all():
        new = item.get_attribute("data-item") not in shown
        assert item.locator(".mark", has_text="new").count() == new
    expect(console.page.locator(".heading .hint").first).to_contain_text("since the last feed")


def test_a_click_brings_one_impression_of_each_feed_that_stood(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key)
    sent: list[str] = []
    console.page.on("request", lambda asked: sent.append(asked.post_data or "") if "/events" in asked.url else None)

    console.click_one(next(iter(console.topics())))
    console.settle()

    assert ["impression" in body for body in sent] == [False, True]


@pytest.mark.parametrize("reader", ["reader-00", "nobody-yet"])
def test_the_terms_of_why_sum_to_the_score_shown(console: Console, stack: LocalStack, reader: str) -> None:
    console.sign_in(stack.key, reader)
    item = console.page.locator("li[data-item]").nth(1)
    on_the_feed = float(item.locator(".score").inner_text())

    item.get_by_role("button", name="Why").click()

    dialog = console.page.get_by_role("dialog", name="Why this item")
    texts = dialog.locator(".contribution").all_inner_texts()
    terms = [float(text.replace("−", "-")) for text in texts]
    score = float(dialog.locator("output.score").inner_text())
    assert len(terms) > 5
    assert sum(terms) == pytest.approx(score, abs=len(terms) * 0.00005 + 1e-9)  # each is rounded to four places
    assert score == on_the_feed
    assert float(dialog.locator("output.sum").inner_text()) == pytest.approx(score, abs=0.0001)
    drawn = "one => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some(value => value !== 0)"
    assert dialog.locator("canvas").evaluate(drawn)


def test_why_shows_the_text_beside_the_original_and_the_gates_verdict(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key, "reader-00")
    rewritten = console.page.locator("li[data-item]", has=console.page.locator(".original")).first
    original, text = rewritten.locator(".original").inner_text(), rewritten.locator("h3").inner_text().strip()

    rewritten.get_by_role("button", name="Why").click()

    dialog = console.page.get_by_role("dialog", name="Why this item")
    expect(dialog.locator("dd").nth(0)).to_have_text(text)
    expect(dialog.locator("dd").nth(1)).to_have_text(original)
    expect(dialog).to_contain_text("passed")
    expect(dialog.locator(".checks")).to_contain_text("✓ numbers")
    expect(dialog.locator("ul").first).to_contain_text(" ")


def test_markup_in_a_text_is_shown_and_not_run(console: Console, stack: LocalStack) -> None:
    markup = "<img src=x onerror='document.title=1'><b>Bold</b> title"

    def with_markup(route: Any) -> None:
        slate = route.fetch().json()
        slate["items"][0] |= {"title": markup, "reasons": [{"term": "topics", "text": markup, "item_id": None}]}
        route.fulfill(json=slate)

    def written(route: Any) -> None:
        rendition = route.fetch().json()
        route.fulfill(json=rendition | {"text": markup})

    console.page.route("**/recommendations?*", with_markup)
    console.page.route("**/texts", written)
    console.sign_in(stack.key)

    first = console.page.locator("li[data-item]").first
    expect(first.locator("h3")).to_have_text(markup)
    expect(first.locator(".reasons")).to_have_text(markup)
    first.get_by_role("button", name="Why").click()
    expect(console.page.get_by_role("dialog").locator("dd").first).to_have_text(markup)
    expect(console.page.locator("main img, main b, dialog img")).to_have_count(0)


def test_all_of_it_by_keyboard(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key, "reader-01")
    page = console.page

    def focused(script: str) -> str:
        return str(page.evaluate(f"(() => {{ const one = document.activeElement; return {script} }})()"))

    def tab_to(text: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if focused("one.textContent") == text:
                return
        raise AssertionError(f"{text} cannot be reached")

    page.keyboard.press("Tab")
    assert focused("one.className") == "skip"
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert focused("one.id") == "main"

    tab_to("Why")
    mine = focused("one.closest('li').dataset.item")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("Tab")  # does not leave the dialog for the page
        assert focused("one === document.body || one.closest('dialog') !== null") == "True"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert (focused("one.textContent"), focused("one.closest('li').dataset.item")) == ("Why", mine)

    tab_to("Open")
    opened = focused("one.closest('li').dataset.item")
    page.keyboard.press("Enter")
    page.locator(f'li[data-item="{opened}"]').wait_for(state="detached")
    console.settle()
    assert focused("one.tagName") == "OL"  # and not the page's beginning
