"""What users decide by HTTP, and that the next answer shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from feedsmith import bootstrap
from feedsmith.bootstrap import Lazy, Services
from support.events import rest_event
from support.handlers import load_app
from support.services import absorb, fake_services

AT = datetime(2026, 3, 1, 12, tzinfo=UTC).isoformat()
ITEMS = [
    {"id": f"{topic}{n}", "domain": "news", "title": f"{title} {n}", "body": f"{title}.", "categories": [topic]}
    for topic, title in (("cup", "City win the football cup final"), ("bank", "Bank lifts its interest rate"))
    for n in range(3)
]
Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    made = fake_services()
    monkeypatch.setattr(bootstrap, "_current", Lazy(lambda: made))
    return made


@pytest.fixture
def call(services: Services) -> Call:
    app = load_app("api")

    def request(method: str, resource: str, **kwargs: Any) -> tuple[int, Any]:
        answer = app(rest_event(method, resource, **kwargs), None)
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    assert request("POST", "/v1/items", body={"items": ITEMS})[0] == 200
    return request


def user(call: Call, method: str, what: str, **kwargs: Any) -> Any:
    path = {"user_id": "ann", **kwargs.pop("path", {})}
    status, answer = call(method, "/v1/users/{user_id}/" + what, path=path, **kwargs)
    assert status == 200, answer
    return answer


def read(call: Call, services: Services, *items: str) -> None:
    events = [{"user_id": "ann", "item_id": item, "type": "click", "at": AT} for item in items]
    assert call("POST", "/v1/events", body={"events": events})[0] == 202
    absorb(services)


def feed(call: Call) -> tuple[str, list[str]]:
    answer = user(call, "GET", "recommendations", query={"domain": ["news"], "limit": ["20"]})
    return answer["basis"], [item["item_id"] for item in answer["items"]]


def points(services: Services) -> int:
    return services.vectors().count("acme", "users")


def test_consent_says_what_holds_and_who_decided_it(call: Call) -> None:
    by_default = {"allowed": True, "decided_by": "tenant"}
    shown = user(call, "GET", "consent")
    assert shown == {"profiling": by_default, "generation": by_default, "analytics": by_default, "chosen_at": None}

    chosen = user(call, "PUT", "consent", body={"generation": False})
    assert chosen["generation"] == {"allowed": False, "decided_by": "user"}
    assert chosen["profiling"] == by_default
    assert chosen["chosen_at"] is not None
    assert user(call, "GET", "consent") == chosen
    assert user(call, "PUT", "consent", body={"generation": None})["generation"] == by_default


@pytest.mark.parametrize("body", [{"profiling": "yes"}, {"profiling": 0}, {"tracking": True}, [], {"profiling": {}}])
def test_a_choice_that_is_not_plain_yes_or_no_changes_nothing(call: Call, body: Any) -> None:
    status, _ = call("PUT", "/v1/users/{user_id}/consent", path={"user_id": "ann"}, body=body)
    assert status == 422
    assert user(call, "GET", "consent")["chosen_at"] is None


def test_without_profiling_the_next_feed_is_not_and_with_it_again_it_is(call: Call, services: Services) -> None:
    # GIVEN a reader of sport
    read(call, services, "cup0")
    assert feed(call)[0] == "personal"
    assert "cup0" not in feed(call)[1]
    # WHEN profiling is refused
    user(call, "PUT", "consent", body={"profiling": False})
    # THEN no profile is stored or shown, and what was read is not known
    assert points(services) == 0
    basis, items = feed(call)
    assert basis == "non_profiled"
    assert "cup0" in items
    assert call("GET", "/v1/users/{user_id}/profile", path={"user_id": "ann"}, query={"domain": ["news"]})[0] == 404
    assert user(call, "GET", "tags") == {"domains": {}, "removed": []}
    # AND events count for their items alone, for no profile
    assert call("POST", "/v1/events", body={"events": [
        {"user_id": "ann", "item_id": "bank0", "type": "click", "at": AT}
    ]}) == (202, {"accepted": 1, "duplicates": 0, "ignored": 0})  # fmt: skip
    absorb(services)
    assert points(services) == 0
    assert call("GET", "/v1/items/{item_id}", path={"item_id": "bank0"})[1]["stats"]["counts"] == {"click": 1}
    # WHEN it is allowed again, THEN what was read before counts, and what was not theirs does not
    user(call, "PUT", "consent", body={"profiling": True})
    basis, items = feed(call)
    assert basis == "personal"
    assert "cup0" not in items
    assert "bank0" in items


def test_without_profiling_and_analytics_events_are_ignored(call: Call, services: Services) -> None:
    user(call, "PUT", "consent", body={"profiling": False, "analytics": False})
    event = {"user_id": "ann", "item_id": "cup0", "type": "click", "at": AT}
    assert call("POST", "/v1/events", body={"events": [event]}) == (
        202,
        {"accepted": 0, "duplicates": 0, "ignored": 1},
    )
    assert list(services.ledger.events("acme")) == []


def test_without_analytics_events_shape_the_feed_and_no_counter(call: Call, services: Services) -> None:
    user(call, "PUT", "consent", body={"analytics": False})
    read(call, services, "cup0")
    assert feed(call)[0] == "personal"
    assert call("GET", "/v1/items/{item_id}", path={"item_id": "cup0"})[1]["stats"]["counts"] == {}


def test_without_profiling_searches_and_categories_still_work(call: Call) -> None:
    user(call, "PUT", "consent", body={"profiling": False})
    query = {"domain": ["news"], "q": ["bank interest rate"], "limit": ["3"]}
    found = user(call, "GET", "recommendations", query=query)
    assert found["basis"] == "non_profiled"
    assert found["items"][0]["item_id"].startswith("bank")
    of_category = user(call, "GET", "recommendations", query={"domain": ["news"], "category": ["cup"]})
    assert {item["item_id"] for item in of_category["items"]} == {"cup0", "cup1", "cup2"}


def test_a_search_that_is_nothing_but_an_address_searches_for_nothing(call: Call, services: Services) -> None:
    made: list[str] = []
    embedder = services.embedder()
    services.embedder = Lazy(lambda: made.append("called") or embedder)  # type: ignore[func-returns-value]
    services.__dict__.pop("ranking", None)
    user(call, "GET", "recommendations", query={"domain": ["news"], "q": ["ann@example.com"]})
    assert made == []


def test_a_removed_tag_leaves_the_profile_and_stays_out(call: Call, services: Services) -> None:
    read(call, services, "cup0", "bank0")
    tags = user(call, "GET", "tags")["domains"]["news"]
    assert sum(tag["weight"] for tag in tags) == pytest.approx(1)
    heaviest = tags[0]["tag"]

    left = user(call, "DELETE", "tags/{tag}", path={"tag": heaviest})
    assert left["removed"] == [heaviest]
    assert heaviest not in [tag["tag"] for tag in left["domains"].get("news", [])]
    read(call, services, "cup1", "bank1")
    assert heaviest not in [tag["tag"] for tag in user(call, "GET", "tags")["domains"].get("news", [])]

    back = user(call, "PUT", "tags/{tag}", path={"tag": heaviest})
    assert back["removed"] == []
    assert heaviest in [tag["tag"] for tag in back["domains"]["news"]]


def test_what_is_unwanted_is_not_in_the_next_feed_until_it_is_undone(call: Call, services: Services) -> None:
    read(call, services, "cup0")
    assert user(call, "POST", "not-interested", body={"item_id": "cup1"}) == {"items": ["cup1"], "tags": []}
    assert "cup1" not in feed(call)[1]
    assert user(call, "POST", "not-interested", body={"tag": "bank"})["tags"] == ["bank"]
    assert feed(call)[1] == ["cup2"]
    # a wish holds without profiling too: it is what the user said, not what they did
    user(call, "PUT", "consent", body={"profiling": False})
    assert set(feed(call)[1]) == {"cup0", "cup2"}
    user(call, "POST", "not-interested", body={"tag": "bank", "undo": True})
    user(call, "POST", "not-interested", body={"item_id": "cup1", "undo": True})
    assert len(feed(call)[1]) == 6


@pytest.mark.parametrize(
    "body", [{}, {"item_id": "a", "tag": "b"}, {"tag": ""}, {"item_id": "a b"}, {"tag": "x" * 201}]
)
def test_not_interested_in_one_thing_at_a_time(call: Call, body: Any) -> None:
    assert call("POST", "/v1/users/{user_id}/not-interested", path={"user_id": "ann"}, body=body)[0] == 422


def test_without_generation_a_text_is_the_original(call: Call) -> None:
    user(call, "PUT", "consent", body={"generation": False})
    text = user(call, "POST", "texts", body={"kind": "headline", "item_id": "cup0"})
    assert (text["source"], text["text"]) == ("original", ITEMS[0]["title"])
    assert text["note"].startswith("no_consent")


def test_the_default_is_the_operator_s_to_change_and_the_user_s_to_differ_from(call: Call, services: Services) -> None:
    read(call, services, "cup0")
    settings = {"consent": {"profiling": True, "generation": True, "analytics": True}}
    assert call("GET", "/v1/settings") == (200, settings)
    changed = call("PUT", "/v1/settings", body={"consent": {"profiling": False}})
    assert changed == (200, {"consent": {"profiling": False, "generation": True, "analytics": True}})
    assert user(call, "GET", "consent")["profiling"] == {"allowed": False, "decided_by": "tenant"}
    assert feed(call)[0] == "non_profiled"
    # the profile that is still stored is removed before the next segments are made
    assert services.profiles.drop_refused("acme") == points(services) + 1 == 1
    user(call, "PUT", "consent", body={"profiling": True})
    assert feed(call)[0] == "personal"
    assert services.profiles.drop_refused("acme") == 0


ADMIN = {"tenant": "acme", "role": "service", "subject": "", "scopes": "users:admin"}
READER = {"tenant": "acme", "role": "service", "subject": "", "scopes": "recommend:read events:write"}
ANN = {"tenant": "acme", "role": "user", "subject": "ann", "scopes": "users:admin"}
BOB = {"tenant": "acme", "role": "user", "subject": "bob", "scopes": "users:admin"}
OWN = [
    ("GET", "/v1/users/{user_id}/consent", None),
    ("PUT", "/v1/users/{user_id}/consent", {"profiling": False}),
    ("GET", "/v1/users/{user_id}/tags", None),
    ("DELETE", "/v1/users/{user_id}/tags/{tag}", None),
    ("PUT", "/v1/users/{user_id}/tags/{tag}", None),
    ("POST", "/v1/users/{user_id}/not-interested", {"tag": "sport"}),
]


@pytest.mark.parametrize(("method", "path", "body"), OWN)
def test_users_decide_for_themselves_and_for_nobody_else(call: Call, method: str, path: str, body: Any) -> None:
    def as_caller(caller: dict[str, str] | None) -> int:
        return call(method, path, path={"user_id": "ann", "tag": "sport"}, body=body, authorizer=caller)[0]

    assert [as_caller(caller) for caller in (ANN, ADMIN, BOB, READER, None)] == [200, 200, 403, 403, 401]


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", {"consent": {"profiling": False}})])
def test_only_operators_see_and_change_a_tenant_s_settings(call: Call, method: str, body: Any) -> None:
    def as_caller(caller: dict[str, str] | None) -> int:
        return call(method, "/v1/settings", body=body, authorizer=caller)[0]

    assert [as_caller(caller) for caller in (ADMIN, READER, ANN, None)] == [403, 403, 403, 401]
