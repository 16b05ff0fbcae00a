"""A guarded writer is the writer behind it, until that fails too often."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

import pytest

from contract.writer_contract import TOPIC, WriterContract
from feedsmith.errors import ConfigurationError, StoreUnavailable, WriterError, WriterUnavailable
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.writers.guarded import CircuitBreaker, GuardedWriter
from support.writing import EN, NOW, ScriptedWriter, prompt_of

DOWN = WriterUnavailable("script:1 does not answer")


class Clock:
    def __init__(self) -> None:
        self.now = NOW  # 12:00:00

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class CountedWriter(ScriptedWriter):
    """A scripted writer that says what it cost."""

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        return [Draft(draft.text, 90, 12) for draft in super().write(prompt, n)]


class Gate(Event):
    """Says when somebody waits at it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.reached.set()
        return super().wait(timeout)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def guarded(inner: Writer, clock: Callable[[], datetime], failures: int = 2) -> GuardedWriter:
    return GuardedWriter("script:1", lambda: inner, CircuitBreaker(failures, 30, clock))


def fail(writer: Writer, times: int, error: type[Exception] = WriterError) -> None:
    for _ in range(times):
        with pytest.raises(error):
            writer.write(prompt_of(EN), 1)


class TestGuardedWriter(WriterContract):
    @pytest.fixture
    def writer(self, clock: Clock) -> Writer:
        return guarded(CountedWriter("Ad sales boost profit", "Profit up"), clock)


def test_after_failures_in_a_row_the_writer_is_left_alone_and_the_reason_given(clock: Clock) -> None:
    inner = ScriptedWriter(error=DOWN)
    writer = guarded(inner, clock)
    fail(writer, 2)
    clock.wait(29)
    with pytest.raises(
        WriterUnavailable, match=r"script:1 is not called, circuit open until 12:00:30 UTC: .*does not answer"
    ):
        writer.write(prompt_of(EN), 1)
    assert len(inner.prompts) == 2


def test_a_probe_that_works_closes_the_circuit(clock: Clock) -> None:
    inner = ScriptedWriter("Ad sales boost profit", error=DOWN)
    writer = guarded(inner, clock)
    fail(writer, 2)
    clock.wait(30)
    inner.error = None
    assert writer.write(prompt_of(EN), 1)
    inner.error = DOWN
    fail(writer, 1)
    assert len(inner.prompts) == 4  # one failure after it opens nothing
    inner.error = None
    assert writer.write(prompt_of(EN), 1)


def test_a_probe_that_fails_opens_it_for_as_long_again(clock: Clock) -> None:
    inner = ScriptedWriter(error=DOWN)
    writer = guarded(inner, clock)
    fail(writer, 2)
    clock.wait(30)
    fail(writer, 1)
    with pytest.raises(WriterUnavailable, match="until 12:01:00"):
        writer.write(prompt_of(EN), 1)
    assert len(inner.prompts) == 3


def test_one_caller_probes_while_the_others_are_answered_at_once(clock: Clock) -> None:
    inner = ScriptedWriter("Ad sales boost profit", error=DOWN)
    writer = guarded(inner, clock)
    fail(writer, 2)
    clock.wait(30)
    inner.error, inner.gate = None, (gate := Gate())
    with ThreadPoolExecutor(1) as pool:
        probe = pool.submit(writer.write, prompt_of(EN), 1)
        assert gate.reached.wait(10)
        with pytest.raises(WriterUnavailable, match="circuit open"):
            writer.write(prompt_of(EN), 1)
        gate.set()
        assert probe.result(10)
    assert writer.write(prompt_of(EN), 1)


def test_a_probe_that_never_ends_does_not_keep_the_circuit_open(clock: Clock) -> None:
    inner = ScriptedWriter("Ad sales boost profit", error=DOWN)
    writer = guarded(inner, clock)
    fail(writer, 2)
    clock.wait(30)
    inner.error, inner.gate = None, (stuck := Gate())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(writer.write, prompt_of(EN), 1)
        assert stuck.reached.wait(10)
        inner.gate = None
        clock.wait(30)
        assert writer.write(prompt_of(EN), 1)
        stuck.set()


def test_refusals_open_nothing_and_a_text_between_failures_ends_the_row(clock: Clock) -> None:
    inner = ScriptedWriter("Ad sales boost profit", error=WriterError("script:1 refused"))
    writer = guarded(inner, clock)
    fail(writer, 5)
    for error in (DOWN, None, DOWN, None):
        inner.error = error
        if error:
            fail(writer, 1)
        else:
            assert writer.write(prompt_of(EN), 1)
    assert len(inner.prompts) == 9


def test_whatever_breaks_in_the_writer_counts_and_comes_through(clock: Clock) -> None:
    writer = guarded(ScriptedWriter(error=ZeroDivisionError("the prompt was ...")), clock)
    fail(writer, 2, ZeroDivisionError)
    with pytest.raises(WriterUnavailable, match=r"it broke with ZeroDivisionError$"):
        writer.write(prompt_of(EN), 1)


def test_a_writer_that_cannot_be_made_fails_when_it_is_asked_and_tells_callers_no_settings(clock: Clock) -> None:
    def make() -> Writer:
        raise ConfigurationError("no model file /models/x.gguf")

    writer = GuardedWriter("gguf:x", make, CircuitBreaker(2, 30, clock))
    assert writer.name == "gguf:x"
    assert writer.is_model
    fail(writer, 2, ConfigurationError)
    with pytest.raises(WriterUnavailable, match=r"it is not set up$"):
        writer.write(prompt_of(EN), 1)


def test_a_secret_that_cannot_be_read_just_now_is_a_writer_error(clock: Clock) -> None:
    def make() -> Writer:
        raise StoreUnavailable("secret 'writer-key' cannot be reached")

    with pytest.raises(WriterUnavailable, match=r"openai:m cannot be set up: StoreUnavailable$"):
        GuardedWriter("openai:m", make, CircuitBreaker(2, 30, clock)).write(prompt_of(EN), 1)


def test_a_writer_without_schemas_says_so_and_goes_on_writing(clock: Clock) -> None:
    writer = guarded(ScriptedWriter("Ad sales boost profit"), clock)
    for _ in range(3):
        with pytest.raises(ConfigurationError, match="script:1 cannot answer by a schema: use gguf:"):
            writer.structured("Label.", "A match", TOPIC)
    assert writer.write(prompt_of(EN), 1)
