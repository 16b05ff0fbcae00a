"""Experiments: their plans, who gets what, and what may be done with them when."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from feedsmith.domains import load_domains
from feedsmith.domains.loader import Reranking
from feedsmith.errors import NotFound, StoreUnavailable, ValidationFailed
from feedsmith.experiments import Experiment, Plan, RerankingChange, uniform
from feedsmith.insight.statistics import split_p
from feedsmith.insight.trials import MOST_EXPERIMENTS, UNTREATED, ExperimentService, Treatments
from support.ledger import FakeClock, InMemoryLedger

REFRESH = 60.0


def plan(**changes: Any) -> Plan:
    fields = {"domain": "news", "variants": [{"name": "old"}, {"name": "new", "ranker": "linear"}]}
    return Plan.model_validate(fields | changes)


@pytest.fixture
def ledger() -> InMemoryLedger:
    return InMemoryLedger()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def service(ledger: InMemoryLedger, clock: FakeClock) -> ExperimentService:
    return ExperimentService(
        ledger,
        domains=load_domains(),
        writers=frozenset({"extractive"}),
        prompts=frozenset({"fact-first"}),
        rankers=lambda tenant, domain: ["v1"] if (tenant, domain) == ("t", "news") else [],
        refresh_s=REFRESH,
        clock=clock,
    )


# -- plans ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variants": [{"name": "a"}, {"name": "a"}]}, "same name"),
        ({"variants": [{"name": "a"}]}, "at least 2"),
        ({"variants": [{"name": "a"}, {"name": "b", "weight": 0}]}, "greater than 0"),
        ({"test": "fixed_horizon"}, "days belongs"),
        ({"days": 7}, "days belongs"),
        ({"variants": [{"name": "a"}, {"name": "b", "reranking": {"mmr": 2}}]}, "less than or equal to 1"),
        ({"minimum_effect": 0}, "greater than 0"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_what_is_no_plan(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        plan(**changes)


def test_a_variant_may_change_all_of_re_ranking_within_the_same_bounds() -> None:
    assert set(RerankingChange.model_fields) == set(Reranking.model_fields)
    for name, field in Reranking.model_fields.items():
        assert RerankingChange.model_fields[name].metadata == field.metadata


# -- assignment ----------------------------------------------------------------------------------------------


@settings(max_examples=100, print_blob=True)
@given(st.text(max_size=30), st.text(max_size=30))
def test_a_user_s_number_is_in_range_and_always_the_same(salt: str, user: str) -> None:
    assert 0 <= uniform(salt, user) < 1
    assert uniform(salt, user) == uniform(salt, user)


def test_users_fall_into_variants_by_their_weights_and_independently_of_other_experiments() -> None:
    variants = [{"name": "a", "weight": 2}, {"name": "b", "weight": 1}, {"name": "c", "weight": 1}]
    one = Experiment.model_validate({"id": "x", "domain": "news", "variants": variants, "salt": "one"})
    two = one.model_copy(update={"salt": "two"})
    users = [f"user-{number}" for number in range(20_000)]
    pairs = Counter((one.variant(user).name, two.variant(user).name) for user in users)

    expected = {
        (a, b): p * q
        for a, p in zip("abc", one.shares(), strict=True)
        for b, q in zip("abc", one.shares(), strict=True)
    }
    assert one.shares() == (0.5, 0.25, 0.25)
    assert split_p([pairs[pair] for pair in expected], list(expected.values())) > 0.001


# -- treatments ----------------------------------------------------------------------------------------------


def test_a_reader_gets_what_the_variants_change_once_everybody_knows(
    service: ExperimentService, ledger: InMemoryLedger, clock: FakeClock
) -> None:
    both = [{"name": "a", "prompt": "fact-first"}, {"name": "b", "prompt": "fact-first", "writer": "extractive"}]
    service.put("t", "words", plan(variants=both, status="running"))
    service.put("t", "rank", plan(variants=[{"name": n, "ranker": "linear"} for n in "ab"], status="running"))
    treatments = Treatments(ledger, refresh_s=0, clock=clock)

    assert treatments("t", "u", "news") == UNTREATED  # it begins a minute later
    clock.advance(seconds=REFRESH)
    found = treatments("t", "u", "news")

    variant = service.get("t", "words").variant("u")
    assert (found.ranker, found.prompt, found.writer, found.reranking) == ("linear", "fact-first", variant.writer, None)
    assert found.variants == {"words": variant.name, "rank": service.get("t", "rank").variant("u").name}
    assert treatments("t", "u", "commerce") == treatments("other", "u", "news") == UNTREATED
    service.put("t", "rank", plan(variants=[{"name": n, "ranker": "linear"} for n in "ab"], status="stopped"))
    assert treatments("t", "u", "news").ranker is None


def test_experiments_are_looked_up_again_after_some_time_and_go_on_while_the_ledger_is_down(
    service: ExperimentService, ledger: InMemoryLedger, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    treatments = Treatments(ledger, refresh_s=REFRESH, clock=clock, timer=lambda: now[0])
    treatments("t", "u", "news")
    service.put("t", "x", plan(status="running"))
    clock.advance(hours=1)

    assert treatments("t", "u", "news") == UNTREATED
    now[0] = REFRESH
    assert "x" in treatments("t", "u", "news").variants

    def down(_tenant: str) -> list[Experiment]:
        raise StoreUnavailable("down")

    monkeypatch.setattr(ledger, "experiments", down)
    now[0] = 2 * REFRESH
    assert "x" in treatments("t", "u", "news").variants


# -- what may be done ----------------------------------------------------------------------------------------


def test_an_experiment_s_life(service: ExperimentService, clock: FakeClock) -> None:
    draft = service.put("t", "x", plan())
    again = service.put("t", "x", plan())
    assert (draft.started_at, again) == (None, draft)
    changed = service.put("t", "x", plan(minimum_effect=0.1))
    assert (changed.minimum_effect, changed.salt) == (0.1, draft.salt)

    started = service.put("t", "x", plan(minimum_effect=0.1, status="running"))
    assert started.started_at == clock.now + timedelta(seconds=REFRESH)
    assert not started.runs(clock.now)
    clock.advance(days=1)
    assert service.put("t", "x", plan(minimum_effect=0.1, status="running")) == started

    stopped = service.put("t", "x", plan(minimum_effect=0.1, status="stopped"))
    assert (stopped.stopped_at, stopped.started_at) == (clock.now, started.started_at)
    service.delete("t", "x")
    assert service.list("t") == []
    assert service.put("t", "x", plan()).salt != draft.salt


def refused(service: ExperimentService, experiment_id: str, what: Plan) -> dict[str, str]:
    with pytest.raises(ValidationFailed) as caught:
        service.put("t", experiment_id, what)
    (error,) = caught.value.errors
    return error


def test_what_runs_does_not_change(service: ExperimentService) -> None:
    service.put("t", "x", plan(status="running"))

    weights = plan(status="running", variants=[{"name": "old"}, {"name": "new", "ranker": "linear", "weight": 3}])
    assert refused(service, "x", weights)["path"] == "/variants"
    assert refused(service, "x", plan(status="draft"))["path"] == "/status"
    with pytest.raises(ValidationFailed, match="stop it first"):
        service.delete("t", "x")
    service.put("t", "x", plan(status="stopped"))
    assert "readers remember" in refused(service, "x", plan(status="running"))["message"]


def test_a_draft_cannot_stop(service: ExperimentService) -> None:
    assert refused(service, "x", plan(status="stopped"))["path"] == "/status"


@pytest.mark.parametrize(
    ("variant", "path"),
    [
        ({"writer": "gguf:/etc/passwd"}, "/variants/1/writer"),
        ({"prompt": "rude"}, "/variants/1/prompt"),
        ({"ranker": "v2"}, "/variants/1/ranker"),
    ],
)
def test_a_variant_names_what_there_is(service: ExperimentService, variant: dict[str, Any], path: str) -> None:
    assert refused(service, "x", plan(variants=[{"name": "a"}, {"name": "b"} | variant]))["path"] == path


def test_two_experiments_may_run_side_by_side_but_not_change_the_same(service: ExperimentService) -> None:
    service.put("t", "x", plan(status="running"))

    again = refused(service, "y", plan(status="running"))
    assert "'x' runs, and changes the ranker too" in again["message"]
    service.put("t", "y", plan(variants=[{"name": "a"}, {"name": "b", "writer": "extractive"}], status="running"))
    service.put(
        "t", "z", plan(domain="commerce", variants=[{"name": "a"}, {"name": "b", "ranker": "linear"}], status="running")
    )


def test_what_there_is_not(service: ExperimentService) -> None:
    with pytest.raises(NotFound, match="no experiment 'x'"):
        service.get("t", "x")
    with pytest.raises(NotFound, match="no experiment 'x'"):
        service.delete("t", "x")
    with pytest.raises(NotFound, match="no domain"):
        service.put("t", "x", plan(domain="astrology"))


def test_there_is_an_end_to_experiments(service: ExperimentService) -> None:
    for number in range(MOST_EXPERIMENTS):
        service.put("t", f"x{number}", plan())

    assert "delete one first" in refused(service, "one-more", plan())["message"]


def test_who_is_always_late_is_told_so(
    service: ExperimentService, ledger: InMemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "save_experiment", lambda _tenant, _experiment: False)

    with pytest.raises(StoreUnavailable, match="others changed"):
        service.put("t", "x", plan())
