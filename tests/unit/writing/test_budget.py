"""What a tenant may spend in a day, and what a text took."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.errors import BudgetExhausted, ConfigurationError, StoreUnavailable, WriterError
from feedsmith.settings import Settings
from feedsmith.stores.ledger import Ledger, Spending
from feedsmith.writing.budget import Budget, Metered, bound
from feedsmith.writing.prices import FREE, Price, Usage, price_of
from support.ledger import FakeClock, InMemoryLedger
from support.writing import EN, NOW, ZH, ScriptedWriter, prompt_of
from support.writing_world import GOOD, World

PROMPT = prompt_of(EN)
MOST = bound(PROMPT, 1).tokens
TODAY = NOW.date()


def metered(ledger: Ledger, writer: ScriptedWriter, **limits: Any) -> Metered:
    return Metered(writer, Budget(ledger, Settings(**limits), FakeClock(NOW)), "t")


def writer(read: int = 100, written: int = 10, **options: Any) -> ScriptedWriter:
    script = ScriptedWriter(GOOD, **options)
    script.tokens = (read, written)
    return script


# -- prices ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "price"),
    [
        ("gguf:smollm2/model.gguf", FREE),
        ("hf:gpt2", FREE),
        ("bedrock:eu.amazon.nova-lite-v1:0", Price(0.06, 0.24)),
        ("bedrock:anthropic.claude-haiku-4-5-20251001-v1:0", Price(1.0, 5.0)),
        ("openai:gpt-x", None),
    ],
)
def test_the_list_knows_a_writer_by_its_name(name: str, price: Price | None) -> None:
    assert price_of(name, Settings()) == price


def test_a_price_that_is_set_goes_before_the_list() -> None:
    assert price_of("bedrock:amazon.nova-lite-v1:0", Settings(writer_price_in=2, writer_price_out=4)) == Price(2, 4)


@pytest.mark.parametrize(
    ("usage", "part", "cost"),
    [
        (Usage(1_000_000, 0), 1.0, 3_000_000),  # a million at $3 a million
        (Usage(1_000, 100), 1.0, 4_500),  # 1000 * 3 + 100 * 15
        (Usage(1_000, 100), 0.5, 2_250),  # a batch's half
        (Usage(0, 0, 1_000, 0), 1.0, 300),  # from the prompt cache: a tenth
        (Usage(0, 0, 0, 1_000), 1.0, 3_750),  # into it: five quarters
        (Usage(1, 0), 0.5, 2),  # 1.5, rounded up
    ],
)
def test_money_is_counted_in_millionths_of_a_dollar(usage: Usage, part: float, cost: int) -> None:
    assert Price(3.0, 15.0).of(usage, part) == Spending(usage.tokens, cost)


# -- reserve, ask, settle ----------------------------------------------------------------------------------------


def test_what_was_reserved_and_not_used_comes_back() -> None:
    ledger = InMemoryLedger()
    asked = metered(ledger, writer(100, 10), writer_tokens_per_day=MOST)
    asked.write(PROMPT, 1)
    assert ledger.spent("t", TODAY) == Spending(110, 0)
    assert asked.usage == Usage(100, 10)


def test_a_call_that_might_exceed_the_limit_is_not_made(capsys: pytest.CaptureFixture[str]) -> None:
    ledger, script = InMemoryLedger(), writer()
    asked = metered(ledger, script, writer_tokens_per_day=MOST - 1)
    with pytest.raises(BudgetExhausted):
        asked.write(PROMPT, 1)
    assert script.prompts == []
    assert ledger.spent("t", TODAY) == Spending()
    # AND it is counted, with the tenant in the line and not in the metric
    line = json.loads(capsys.readouterr().out)
    (metric,) = line["_aws"]["CloudWatchMetrics"]
    assert (metric["Namespace"], metric["Metrics"]) == ("feedsmith", [{"Name": "BudgetExhausted", "Unit": "Count"}])
    assert (line["BudgetExhausted"], line["tenant"]) == ([1.0], "t")
    assert "tenant" not in metric["Dimensions"][0]


def test_money_is_a_limit_of_its_own() -> None:
    # GIVEN $0.01 at $1 a million read: 10,000 tokens' worth
    limits = {"writer_cost_per_day": 0.01, "writer_price_in": 1, "writer_price_out": 0}
    ledger, script = InMemoryLedger(), writer(4_800, 10)
    asked = metered(ledger, script, **limits)
    asked.write(PROMPT, 1)
    assert asked.cost == 0.0048
    asked.write(PROMPT, 1)
    assert ledger.spent("t", TODAY).cost == 9_600
    # THEN 400 are left, and a call may take more
    assert bound(PROMPT, 1).input_tokens > 400
    with pytest.raises(BudgetExhausted):
        asked.write(PROMPT, 1)
    assert len(script.prompts) == 2


def test_fifty_threads_never_overspend() -> None:
    ledger = InMemoryLedger()
    limit = 5 * MOST

    def one(_: int) -> int:
        asked = metered(ledger, writer(MOST - 50, 50), writer_tokens_per_day=limit)  # it takes all that was reserved
        try:
            asked.write(PROMPT, 1)
        except BudgetExhausted:
            return 0
        return asked.usage.tokens

    with ThreadPoolExecutor(50) as pool:
        used = list(pool.map(one, range(50)))
    assert sum(used) == ledger.spent("t", TODAY).tokens == limit
    assert sum(tokens > 0 for tokens in used) == 5


@pytest.mark.parametrize(("billed", "kept"), [(True, MOST), (False, 0)])
def test_a_failed_call_is_paid_for_unless_it_surely_was_not_made(billed: bool, kept: int) -> None:
    ledger = InMemoryLedger()
    asked = metered(ledger, writer(error=WriterError("busy", billed=billed)), writer_tokens_per_day=MOST)
    with pytest.raises(WriterError):
        asked.write(PROMPT, 1)
    assert ledger.spent("t", TODAY).tokens == kept


def test_a_server_that_tells_no_usage_is_taken_to_have_used_it_all() -> None:
    ledger = InMemoryLedger()
    metered(ledger, writer(0, 0), writer_tokens_per_day=MOST).write(PROMPT, 1)
    assert ledger.spent("t", TODAY).tokens == MOST


def test_a_refund_that_is_lost_leaves_the_text_and_counts_too_much(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(InMemoryLedger):
        def spend(self, tenant: str, day: Any, amount: Spending, **limits: Any) -> bool:
            if amount.tokens < 0:
                raise StoreUnavailable("throttled")
            return super().spend(tenant, day, amount, **limits)

    ledger = Failing()
    assert metered(ledger, writer(), writer_tokens_per_day=MOST).write(PROMPT, 1)[0].text == GOOD
    assert ledger.spent("t", TODAY).tokens == MOST
    assert "stays counted in full" in caplog.text


def test_without_limits_the_books_say_what_was_used() -> None:
    ledger = InMemoryLedger()
    asked = metered(ledger, writer())
    asked.write(PROMPT, 1)
    assert ledger.spent("t", TODAY) == Spending(110, 0)
    assert (asked.usage.tokens, asked.cost) == (110, None)  # nobody knows what script:1 costs


def test_a_money_limit_needs_a_price() -> None:
    with pytest.raises(ConfigurationError, match="price of script:1 is not known: set FEEDSMITH_WRITER_PRICE_IN"):
        metered(InMemoryLedger(), writer(), writer_cost_per_day=1).write(PROMPT, 1)


@settings(print_blob=True, deadline=None)
@given(n=st.integers(1, 8))
def test_the_bound_is_of_all_candidates(n: int) -> None:
    for item in (EN, ZH):
        one, all_ = bound(prompt_of(item), 1), bound(prompt_of(item), n)
        assert (all_.input_tokens, all_.output_tokens) == (n * one.input_tokens, n * one.output_tokens)
        assert one.input_tokens > len(prompt_of(item).user.encode())


# -- as the reader sees it ---------------------------------------------------------------------------------------


def test_an_exhausted_budget_is_an_extract_today_and_the_model_s_text_tomorrow() -> None:
    # GIVEN room for one text of three candidates a day, all of it used
    most = bound(prompt_of(EN), 3).tokens
    world = World(writer(most, 0), writer_tokens_per_day=most)
    world.add(EN)
    world.add(EN.model_copy(update={"id": "en2"}))
    first = world.write()
    assert (first.text, first.tokens, first.note) == (GOOD, most, None)
    # THEN the next is in the item's own words and says why, however often it is asked for
    for _ in range(2):
        spent = world.write(item_id="en2")
        assert (spent.source, spent.note, spent.cached) == ("original", "budget_exhausted", False)
        assert (spent.tokens, spent.text) == (0, EN.title)
    # AND what was written before is served on; another tenant has its own
    assert world.write().cached
    # AND after midnight UTC there is room again
    world.clock.advance(hours=11, minutes=59)
    assert world.write(item_id="en2").note == "budget_exhausted"
    world.clock.advance(minutes=1)
    assert world.write(item_id="en2").text == GOOD


def test_a_text_says_what_it_took() -> None:
    world = World(writer(1_000, 100), writer_price_in=3, writer_price_out=15)
    world.add(EN)
    text = world.write()
    assert (text.tokens, text.cost) == (1_100, 0.0045)  # (1000 * 3 + 100 * 15) / 1e6
    # from the drafts that this left, the next one takes none
    world.clock.advance(seconds=timedelta(days=1).total_seconds())
    assert (world.write().tokens, world.write().cached) == (1_100, True)
