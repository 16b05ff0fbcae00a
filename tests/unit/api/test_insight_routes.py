"""Figures and experiments over HTTP: a small experiment from its plan to its result, through the real services."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feedsmith import bootstrap
from feedsmith.bootstrap import Services
from feedsmith.insight import metrics
from feedsmith.models import Consent, ConsentChoice
from support.events import rest_event
from support.services import absorb, fake_services

APP = Path(__file__).resolve().parents[3] / "functions" / "api" / "app.py"
ITEMS = [
    {"id": "cup", "domain": "news", "title": "City win the football cup final", "provider": "bbc",
     "body": "City won the football cup on Saturday.", "published_at": "2026-03-01T06:00:00Z"},
    {"id": "bank", "domain": "news", "title": "Bank lifts its interest rate", "provider": "ft",
     "body": "The bank raised the rate on Monday."},
]  # fmt: skip
PLAN = {
    "domain": "news",
    "variants": [{"name": "served"}, {"name": "linear", "ranker": "linear", "reranking": {"exploration": 0.0}}],
}
READER = {"tenant": "acme", "role": "service", "subject": "", "scopes": "insight:read"}

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    made = fake_services(k_anonymity=3, experiments_refresh_s=0)
    monkeypatch.setattr(bootstrap, "services", lambda: made)
    return made


@pytest.fixture
def call(services: Services, monkeypatch: pytest.MonkeyPatch) -> Call:
    spec = importlib.util.spec_from_file_location("tested_insight_api", APP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "services", lambda: services)

    def request(method: str, resource: str, *, query: dict[str, str] | None = None, **kwargs: Any) -> tuple[int, Any]:
        given = {name: [value] for name, value in (query or {}).items()}
        answer = module.app(rest_event(method, resource, query=given, **kwargs), None)
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    assert request("POST", "/v1/items", body={"items": ITEMS})[0] == 200
    return request


def put(call: Call, name: str, plan: dict[str, Any], **kwargs: Any) -> tuple[int, Any]:
    return call("PUT", "/v1/experiments/{experiment_id}", path={"experiment_id": name}, body=plan, **kwargs)


def result(call: Call, name: str) -> Any:
    status, found = call("GET", "/v1/insight/experiments/{experiment_id}", path={"experiment_id": name})
    assert status == 200
    return found


def happen(call: Call, user: str, kind: str, item: str = "cup", **more: Any) -> None:
    made = {"user_id": user, "item_id": item, "type": kind, "at": datetime.now(UTC).isoformat(), **more}
    assert call("POST", "/v1/events", body={"events": [made]})[0] == 202


def test_a_small_experiment_by_hand(call: Call, services: Services) -> None:
    # GIVEN an experiment that runs
    status, made = put(call, "ranker", PLAN | {"status": "running"})
    assert (status, made["id"], made["plan"]["status"]) == (200, "ranker", "running")
    assert "salt" not in made
    # WHEN thirty readers look at their feeds, and those of one variant click twice as often
    shown = {"served": [0] * 30, "linear": [0] * 30}
    clicked = {"served": [0] * 30, "linear": [0] * 30}
    users = {"served": 0, "linear": 0}
    for number in range(30):
        user = f"reader-{number}"
        _, feed = call("GET", "/v1/users/{user_id}/recommendations", path={"user_id": user}, query={"domain": "news"})
        variant = feed["variants"]["ranker"]
        assert (feed["model_version"].startswith("linear"), len(feed["items"])) == (True, 2)
        users[variant] += 1
        for place in feed["items"]:
            happen(call, user, "impression", place["item_id"], slate_id=feed["slate_id"], position=place["position"])
            shown[variant][number] += 1
        if variant == "linear" or number % 2:
            happen(call, user, "click", feed["items"][0]["item_id"], slate_id=feed["slate_id"])
            clicked[variant][number] += 1
    # ... and one reader who refuses to be counted does the same
    services.wishes.choose("acme", services.pseudonym("acme", "secretive"), ConsentChoice(analytics=False))
    _, feed = call(
        "GET", "/v1/users/{user_id}/recommendations", path={"user_id": "secretive"}, query={"domain": "news"}
    )
    assert feed["variants"] == {}
    happen(call, "secretive", "impression")
    assert services.counting.count("acme") == 60 + sum(map(sum, clicked.values()))
    # THEN the result is what a count by hand gives, and says that it is too little to go by
    found = result(call, "ranker")
    for arm in found["arms"]:
        name = arm["variant"]
        assert (arm["users"], arm["denominator"], arm["numerator"]) == (
            users[name], sum(shown[name]), sum(clicked[name]),
        )  # fmt: skip
        assert arm["value"]["value"] == pytest.approx(sum(clicked[name]) / sum(shown[name]))
        assert arm["value"]["low"] < arm["value"]["value"] <= arm["value"]["high"]
    (contrast,) = found["contrasts"]
    assert (contrast["verdict"], contrast["why"]) == ("no_conclusion", "too_little_data")
    assert call("GET", "/v1/insight/experiments")[1]["experiments"] == [found]

    # ... and the figures say the same
    _, told = call("GET", "/v1/insight/metrics", query={"domain": "news", "by": "variant"})
    rows = {row["group"]: row for row in told["rows"]}
    assert {name: (row["users"], row["impressions"], row["clicks"]) for name, row in rows.items()} == {
        f"ranker/{name}": (users[name], sum(shown[name]), sum(clicked[name])) for name in users
    }


def test_figures_by_day_and_by_provider(call: Call, services: Services) -> None:
    for number in range(4):
        happen(call, f"u{number}", "impression", "cup", position=0)
        happen(call, f"u{number}", "impression", "bank", position=2)
    happen(call, "u0", "click", "cup")
    happen(call, "u1", "rate", "cup", value=5)
    happen(call, "u2", "rate", "cup", value=2)
    happen(call, "u3", "purchase", "cup")
    services.counting.count("acme")
    now = datetime.now(UTC)

    status, told = call("GET", "/v1/insight/metrics", query={"domain": "news"})
    (row,) = told["rows"]
    assert status == 200
    assert (row["users"], row["impressions"], row["clicks"], row["ratings"]) == (4, 8, 1, 2)
    assert (row["ctr"]["value"], row["cvr"]["value"], row["usat"]["value"]) == (0.125, 1.0, 0.5)
    age = (now - datetime(2026, 3, 1, 6, tzinfo=UTC)).total_seconds() / 3_600
    assert row["age_hours"]["value"] == pytest.approx(age, abs=0.1)  # of the one that has a date
    assert told["coverage"] == {"shown": 2, "catalogue": 2, "share": 1.0}
    assert (told["least_users"], told["last"]) == (3, date.today().isoformat())

    (day,) = call("GET", "/v1/insight/metrics", query={"domain": "news", "by": "day"})[1]["rows"]
    assert (day["day"], day["clicks"]) == (now.date().isoformat(), 1)

    # The first place is worth 1, the third 1 / log2(4) = .5. All clicks are bbc's, as is two thirds of the exposure.
    rows = call("GET", "/v1/insight/metrics", query={"domain": "news", "by": "provider"})[1]["rows"]
    bbc, ft = rows
    assert (bbc["group"], ft["group"]) == ("bbc", "ft")
    assert (bbc["exposure_share"], bbc["click_share"]) == (pytest.approx(2 / 3), 1.0)
    assert bbc["exposure_per_merit"] == pytest.approx(2 / 3)
    assert (ft["click_share"], ft["exposure_per_merit"]) == (0.0, None)


def test_texts_are_in_the_books(call: Call, services: Services) -> None:
    for number in range(4):
        happen(call, f"u{number}", "click", "cup")
    for _ in range(2):
        status, text = call(
            "POST", "/v1/users/{user_id}/texts", path={"user_id": "u0"}, body={"kind": "headline", "item_id": "cup"}
        )
        assert status == 200
    assert text["cached"]
    services.counting.count("acme")

    texts = call("GET", "/v1/insight/metrics", query={"domain": "news"})[1]["texts"]
    assert (texts["texts"], texts["cached"], texts["cached_share"]) == (2, 1, 0.5)
    assert (texts["tokens"], texts["cost"], texts["clicks"], texts["cost_per_click"]) == (0, 0.0, 4, 0.0)


def test_a_lonely_reader_is_not_told_of(call: Call, services: Services) -> None:
    for number in range(2):
        happen(call, f"u{number}", "click")
    services.counting.count("acme")

    assert call("GET", "/v1/insight/metrics", query={"domain": "news"})[1]["rows"] == []


def test_a_user_who_takes_consent_back_is_gone_from_the_past_too(call: Call, services: Services) -> None:
    for number in range(4):
        happen(call, f"u{number}", "click")
    services.counting.count("acme")
    services.wishes.choose("acme", services.pseudonym("acme", "u0"), ConsentChoice(analytics=False))
    services.counting.count("acme")

    (row,) = call("GET", "/v1/insight/metrics", query={"domain": "news"})[1]["rows"]
    assert (row["users"], row["clicks"]) == (3, 3)


def test_the_tenant_s_own_default_decides_for_who_did_not_choose(call: Call, services: Services) -> None:
    for number in range(4):
        happen(call, f"u{number}", "click")
    services.wishes.set_default("acme", ConsentChoice(analytics=False))
    services.counting.count("acme")

    assert services.wishes.default("acme") == Consent(profiling=True, generation=True, analytics=False)
    assert call("GET", "/v1/insight/metrics", query={"domain": "news"})[1]["rows"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"domain": "news"}, 404),  # not counted yet
        ({"domain": "astrology"}, 404),
        ({"domain": "news", "by": "colour"}, 422),
        ({"domain": "news", "from": "yesterday"}, 422),
        ({}, 422),
    ],
)
def test_questions_without_an_answer(call: Call, query: dict[str, str], status: int) -> None:
    found, problem = call("GET", "/v1/insight/metrics", query=query)

    assert (found, problem["status"]) == (status, status)


def test_a_range_outside_of_what_was_counted(call: Call, services: Services) -> None:
    services.counting.count("acme")
    backwards = {"domain": "news", "from": "2026-03-02", "to": "2026-03-01"}
    long_ago = {"domain": "news", "from": "2020-01-01", "to": "2020-01-31"}

    assert call("GET", "/v1/insight/metrics", query=backwards)[0] == 422
    status, told = call("GET", "/v1/insight/metrics", query=long_ago)
    assert (status, told["rows"], told["coverage"]["shown"]) == (200, [], 0)
    assert told["texts"]["texts"] == 0


def test_only_an_operator_changes_what_readers_get(call: Call) -> None:
    assert put(call, "x", PLAN, authorizer=READER)[0] == 403
    assert put(call, "x", PLAN)[0] == 200
    path = {"experiment_id": "x"}
    assert call("DELETE", "/v1/experiments/{experiment_id}", path=path, authorizer=READER)[0] == 403
    assert call("GET", "/v1/experiments/{experiment_id}", path=path, authorizer=READER)[1]["id"] == "x"
    assert call("DELETE", "/v1/experiments/{experiment_id}", path=path) == (204, None)
    assert call("GET", "/v1/experiments/{experiment_id}", path=path)[0] == 404


def test_another_tenant_s_experiment_is_not_there(call: Call) -> None:
    put(call, "x", PLAN)
    other = {"tenant": "other", "role": "operator", "subject": ""}

    path = {"experiment_id": "x"}
    assert call("GET", "/v1/insight/experiments/{experiment_id}", path=path, authorizer=other)[0] == 404
    assert call("GET", "/v1/insight/experiments", authorizer=other)[1] == {"experiments": []}


def test_an_experiment_made_anew_does_not_inherit_figures(call: Call, services: Services) -> None:
    put(call, "x", PLAN | {"status": "running"})
    for number in range(8):
        happen(call, f"u{number}", "impression")
    services.counting.count("acme")
    assert result(call, "x")["contrasts"][0]["why"] == "too_little_data"
    put(call, "x", PLAN | {"status": "stopped"})
    call("DELETE", "/v1/experiments/{experiment_id}", path={"experiment_id": "x"})
    put(call, "x", PLAN | {"status": "running"})

    assert result(call, "x")["contrasts"][0]["why"] == "not_counted_yet"


def test_a_variant_s_writer_and_prompt_make_the_text(call: Call, services: Services) -> None:
    both = [{"name": name, "writer": "extractive", "prompt": "fact-first"} for name in ("a", "b")]
    put(call, "words", {"domain": "news", "variants": both, "status": "running"})
    body = {"kind": "headline", "item_id": "bank"}

    _, text = call("POST", "/v1/users/{user_id}/texts", path={"user_id": "u"}, body=body)
    assert text["variants"] == {"words": services.experiments.get("acme", "words").variant(
        services.pseudonym("acme", "u")).name}  # fmt: skip
    put(call, "words", {"domain": "news", "variants": both, "status": "stopped"})
    _, plain = call("POST", "/v1/users/{user_id}/texts", path={"user_id": "u"}, body=body)
    assert plain["variants"] == {}
    assert plain["prompt_version"] != text["prompt_version"]
    assert not plain["cached"]  # another prompt is another text


def test_old_events_count_on_their_day(call: Call, services: Services) -> None:
    before = datetime.now(UTC) - timedelta(days=2)
    for number in range(3):
        happen(call, f"u{number}", "click", at=before.isoformat())
    services.counting.count("acme")

    (row,) = call("GET", "/v1/insight/metrics", query={"domain": "news", "daily": "true"})[1]["rows"]
    assert (row["day"], row["group"], row["clicks"]) == (before.date().isoformat(), None, 3)


def test_what_is_counted_of_requests_names_the_route_and_nobody(call: Call) -> None:
    lines: list[Any] = []
    metrics.redirect(lambda line: lines.append(json.loads(line)))
    try:
        call("GET", "/v1/items/{item_id}", path={"item_id": "none-such"})
    finally:
        metrics.redirect(None)

    (line,) = lines
    assert (line["route"], line["status"], line["Requests"]) == ("/v1/items/{item_id}", "4xx", [1.0])
    assert "none-such" not in json.dumps(line)


def test_figures_by_segment_are_of_who_is_nearest_to_it_now(call: Call, services: Services) -> None:
    # GIVEN readers of football and readers of banks, and the two segments that they make
    for number in range(12):
        item = "cup" if number < 8 else "bank"
        for _ in range(2):
            happen(call, f"u{number}", "click", item)
    absorb(services)
    services.segments.recluster("acme", "news")
    sizes = sorted(segment.size for segment in services.segments.list("acme", "news"))
    # WHEN they are counted
    services.counting.count("acme")
    # THEN the rows add up to all of them, segment by segment
    rows = call("GET", "/v1/insight/metrics", query={"domain": "news", "by": "segment"})[1]["rows"]
    assert sorted(row["users"] for row in rows) == sizes
    assert sum(row["clicks"] for row in rows) == 24
