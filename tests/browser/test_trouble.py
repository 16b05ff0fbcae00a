"""Keys that are wrong, and an API that does not answer."""

from __future__ import annotations

import json

import pytest

from feedsmith_local.stack import LocalStack
from support.console import Console

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.mark.parametrize("wrong", ["wrong", "钥匙 100 %"])
def test_a_wrong_key_shows_the_apis_problem_and_asks_again(console: Console, stack: LocalStack, wrong: str) -> None:
    console.expected.append("status of 401")
    console.page.goto(f"{stack.base_url}/console")
    field = console.page.get_by_label("API key or token")

    field.fill(wrong)
    console.page.keyboard.press("Enter")

    expect(console.page.get_by_role("alert")).to_contain_text("Unauthorized")
    expect(field).to_be_visible()
    field.fill(stack.key)
    console.page.get_by_role("button", name="Sign in").click()
    expect(console.page.locator("li[data-item]").first).to_be_visible()


def test_the_key_stays_in_its_tab(console: Console, stack: LocalStack) -> None:
    console.sign_in(stack.key)

    assert stack.key not in console.page.url
    assert stack.key not in str(console.page.evaluate("JSON.stringify(localStorage) + document.cookie"))
    assert console.page.evaluate("sessionStorage.getItem('feedsmith-key')") == stack.key
    other = console.page.context.new_page()
    other.goto(f"{stack.base_url}/console")
    expect(other.get_by_label("API key or token")).to_be_visible()

    console.page.get_by_role("button", name="Sign out").click()
    expect(console.page.get_by_label("API key or token")).to_be_visible()
    assert console.page.evaluate("sessionStorage.getItem('feedsmith-key')") is None


def test_a_slash_too_many_does_no_harm(console: Console, stack: LocalStack) -> None:
    console.page.goto(f"{stack.base_url}/console/#key={stack.key}")

    expect(console.page.locator("li[data-item]").first).to_be_visible()


def test_with_the_api_down_it_says_so_keeps_what_was_typed_and_recovers(console: Console, stack: LocalStack) -> None:
    console.expected.append("ERR_INTERNET_DISCONNECTED")
    console.sign_in(stack.key, "reader-07")
    page = console.page
    first = page.locator("li[data-item]").first
    acted = first.get_attribute("data-item")
    page.get_by_label("Reader's id").fill("half-typed")

    page.context.set_offline(True)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("alert").first).to_contain_text("feedsmith does not answer. Trying again by itself.")
    expect(first).to_have_attribute("data-item", str(acted))  # the last feed stays to be read
    first.get_by_role("button", name="Open").click()
    expect(page.get_by_label("Reader's id")).to_have_value("half-typed")

    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.locator(f'li[data-item="{acted}"]').wait_for(state="detached")  # the click was not lost
    expect(page.get_by_label("Reader's id")).to_have_value("half-typed")


@pytest.mark.parametrize("status", [429, 503])
def test_an_api_without_time_is_asked_again(console: Console, stack: LocalStack, status: int) -> None:
    console.expected.append(f"status of {status}")
    problem = {"type": "about:blank", "title": "Busy", "status": status, "detail": "call again later"}
    refusal = {"status": status, "content_type": "application/problem+json", "body": json.dumps(problem)}
    console.page.route("**/recommendations?*", lambda route: route.fulfill(**refusal), times=1)
    console.page.goto(f"{stack.base_url}/console#key={stack.key}")

    expect(console.page.get_by_role("alert")).to_contain_text("Busy call again later")
    expect(console.page.locator("li[data-item]").first).to_be_visible()
    expect(console.page.get_by_role("alert")).to_have_count(0)


def test_a_key_that_may_not_read_a_page_is_told_so(console: Console, stack: LocalStack) -> None:
    from feedsmith.bootstrap import services

    console.expected.append("status of 403")
    narrow = services().access.create(stack.tenant, scopes=["recommend:read", "events:write", "texts:write"])
    console.sign_in(narrow.text)
    expect(console.page.locator("li[data-item]").first).to_be_visible()

    console.go("insight")

    expect(console.page.get_by_role("alert").first).to_contain_text("This key may not")
