"""The page Me: what a reader may see, change, take along and be rid of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedsmith_local.stack import LocalStack
from support.console import Console

expect = pytest.importorskip("playwright.sync_api").expect

PERSONAL = "Use what I read to choose for me"


def test_personalisation_off_and_on_hold_for_the_next_feed(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key, "reader-02")
    basis = console.page.locator("[data-basis]")
    expect(basis).to_have_text("from this reader's own history")

    console.go("me")
    switch = console.page.get_by_role("switch", name=PERSONAL)
    switch.focus()
    console.page.keyboard.press("Space")
    expect(switch).not_to_be_checked()
    expect(console.page.locator("label.switch", has_text=PERSONAL)).to_contain_text("your choice")
    expect(switch).to_be_focused()
    console.go("reader")
    expect(basis).to_have_text("not personal: no consent to profiling")

    console.go("me")
    switch.check()
    expect(console.page.locator("label.switch", has_text=PERSONAL)).to_contain_text("your choice")
    console.settle()
    console.go("reader")
    expect(basis).not_to_have_attribute("data-basis", "non_profiled")


def test_a_removed_tag_shows_in_the_next_feed_and_comes_back(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key, "reader-03")
    before = console.topics()
    (tag, shown), *_ = before.most_common()

    console.go("me")
    row = console.page.locator(f'li[data-tag="{tag}"]')
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    restore = console.page.get_by_role("button", name="Restore")
    expect(restore).to_be_visible()
    console.go("reader")
    assert console.topics()[tag] <= shown / 2

    console.go("me")
    restore.click()
    expect(row).to_be_visible()


def test_no_interest_in_a_tag_shows_in_the_next_feed_and_is_undone(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key, "reader-04")
    (tag, _), *_ = console.topics().most_common()

    console.go("me")
    console.page.locator(f'li[data-tag="{tag}"]').get_by_role("button", name="Not interested").click()
    undo = console.page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    console.settle()
    console.page.get_by_role("link", name="Reader").click()
    assert console.topics()[tag] == 0


def test_the_export_holds_what_was_done(console: Console, stack: LocalStack, tmp_path: Path) -> None:
    console.sign_in(stack.key, "exporter")
    clicked = console.click_one(next(iter(console.topics())))

    console.go("me")
    with console.page.expect_download() as download:
        console.page.get_by_role("button", name="Export everything").click()
    download.value.save_as(tmp_path / "export.json")

    pages = json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))
    clicks = [
        one for page in pages for one in page["records"] if clicked in json.dumps(one) and "click" in json.dumps(one)
    ]
    assert clicks
    assert any(page["profiles"] for page in pages)


def test_erasing_empties_me(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key, "leaver")
    console.click_one(next(iter(console.topics())))
    console.go("me")
    expect(console.page.locator("[data-known=no]")).to_have_count(0)
    expect(console.page.locator("li[data-tag]").first).to_be_visible()

    erase = console.page.get_by_role("button", name="Erase everything")
    erase.click()
    console.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(erase).to_be_focused()
    erase.click()
    console.page.get_by_role("dialog").get_by_role("button", name="Yes, erase").click()

    expect(console.page.get_by_role("status")).to_contain_text("Erased. Proof:")
    expect(console.page.locator("[data-known=no]")).to_be_visible()
    expect(console.page.locator("li[data-tag]")).to_have_count(0)
    console.go("reader")
    expect(console.page.locator("[data-basis]")).to_have_attribute("data-basis", "general")
