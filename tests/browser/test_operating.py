"""The operator's pages: content, segments, figures, two readers side by side."""

from __future__ import annotations

import json

import pytest

from feedsmith_local.stack import LocalStack
from support.console import Console

expect = pytest.importorskip("playwright.sync_api").expect

GOOD = [
    {"id": "up-1", "title": "Lighthouse keepers hold their last reunion", "body": "They met at the old lighthouse."},
    {"id": "up-2", "title": "Beekeepers count the wild swarms", "body": "Volunteers went into the hills."},
]
ROWS = "\n".join([json.dumps(GOOD[0]), '{"id": "untitled"}', json.dumps(GOOD[1]), "no JSON at all"])


def _choose(console: Console, name: str, content: str) -> None:
    file = {"name": name, "mimeType": "text/plain", "buffer": content.encode()}
    console.page.get_by_label("File").set_input_files(file)
    console.page.get_by_role("button", name="Upload").click()


def test_an_upload_shows_its_bad_rows_and_its_good_ones_are_found(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key)
    console.go("content")

    _choose(console, "mixed.jsonl", ROWS)

    expect(console.page.locator("[data-status]")).to_have_text("done · 2 indexed, 0 unchanged, 2 refused")
    refused = console.page.get_by_role("region", name="refused").locator("tbody tr")
    expect(refused).to_have_count(2)
    expect(refused.nth(0)).to_contain_text("title")
    expect(refused.nth(0)).to_contain_text("untitled")
    assert [row.locator("th").inner_text() for row in refused.all()] == ["2", "4"]
    expect(refused.nth(1)).to_contain_text("no JSON at all")

    console.page.get_by_role("searchbox", name="Search").fill("old lighthouse keepers")
    console.page.keyboard.press("Enter")
    first = console.page.locator(".rows > li").first
    expect(first).to_contain_text(GOOD[0]["title"])
    first.get_by_role("button").click()
    expect(first).to_contain_text("up-1")
    expect(first.locator("dl")).to_contain_text("Keywords")
    expect(first.locator("ul button").first).to_be_visible()  # what is near it


def test_a_file_of_no_known_format_shows_the_apis_problem_and_keeps_all_that_was_typed(
    console: Console, stack: LocalStack
) -> None:
    console.expected.append("status of 4")
    console.sign_in(stack.key)
    console.go("content")
    search = console.page.get_by_role("searchbox", name="Search")
    search.fill("half typed")

    _choose(console, "notes.txt", "not content")

    expect(console.page.get_by_role("alert")).to_contain_text(".jsonl")
    expect(console.page.get_by_role("alert").get_by_role("button", name="Try again")).to_be_visible()
    assert console.page.get_by_label("File").evaluate("one => one.files[0].name") == "notes.txt"
    expect(search).to_have_value("half typed")


def test_a_file_that_cannot_be_read_says_why(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key)
    console.go("content")

    _choose(console, "object.json", '{"id": "no list"}')

    expect(console.page.locator("[data-status=failed]")).to_be_visible()
    expect(console.page.locator(".progress .problem")).to_contain_text("array")


def test_segments_are_on_the_map_and_in_the_table(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key)
    console.go("segments")

    drawn = "one => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some(value => value !== 0)"
    expect(console.page.get_by_role("img", name="Map of tastes")).to_be_visible()
    assert console.page.locator("canvas").evaluate(drawn)
    rows = console.page.get_by_role("region", name="Segments").locator("tbody tr")
    sizes = [int(row.locator("td").nth(1).inner_text().split()[0]) for row in rows.all()]
    assert len(sizes) >= 2
    assert min(sizes) >= 5  # k-anonymity


def test_insight_shows_figures_with_their_intervals(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key)
    console.go("insight")

    tile = console.page.locator(".tiles div", has_text="Click-through rate").locator("dd")
    value, low, high = (float(part) for part in tile.inner_text().replace("–", " ").replace("%", " ").split())
    assert 0 < low < value < high < 100
    expect(console.page.get_by_role("region", name="Day").locator("tbody tr")).to_have_count(1)
    assert console.page.get_by_role("region", name="Segment").locator("tbody tr").count() >= 2
    console.page.get_by_role("combobox", name="By group").select_option("provider")
    expect(console.page.get_by_role("region", name="Provider").locator("tbody th").first).to_have_text("BBC")
    expect(console.page.get_by_text("No experiments.")).to_be_visible()


def test_two_readers_side_by_side(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key, "reader-05")
    console.go("compare")
    console.page.get_by_label("Right reader").fill("reader-06")
    console.page.get_by_role("button", name="Show").click()
    expect(console.page.get_by_role("heading", name="reader-06")).to_be_visible()
    console.settle()

    ids = "all => all.map(one => one.dataset.item)"
    left, right = (set(feed.locator("li[data-item]").evaluate_all(ids)) for feed in console.page.locator(".feed").all())
    assert len(left) == len(right) == 10
    expect(console.page.get_by_text("Items in both feeds")).to_have_text(f"Items in both feeds: {len(left & right)}")
