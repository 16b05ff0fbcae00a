"""The buffer of events: nothing counts twice, nothing good is lost to something bad, and what is lost is counted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

import httpx
import pytest
from pydantic import ValidationError

from feedsmith.client import ApiError, EventBuffer, Feedsmith, InvalidRequest, NoAnswer, Retries, ValidationFailed
from feedsmith.messages import FieldError, Problem
from feedsmith.models import Event, Recommendation

AT_ONCE = Retries(first_wait_s=0)
WAIT_S = 10
DOWN = NoAnswer("http://x", httpx.ConnectError("refused"))


class Sink:
    """Takes batches, or raises what ``refuse`` gives for one."""

    def __init__(self, refuse: Callable[[Sequence[Event]], ApiError | None] = lambda _: None) -> None:
        self.refuse = refuse
        self.tried: list[list[str]] = []
        self.landed: list[str] = []

    def __call__(self, events: Sequence[Event]) -> None:
        self.tried.append([e.item_id for e in events])
        error = self.refuse(events)
        if error is not None:
            raise error
        self.landed += [e.item_id for e in events]


@pytest.fixture
def buffers() -> Iterator[Callable[..., EventBuffer]]:
    made: list[EventBuffer] = []

    def make(sink: Sink, **options: object) -> EventBuffer:
        made.append(EventBuffer(sink, **{"backoff": AT_ONCE, "flush_s": 60, **options}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for buffer in made:
        buffer.close(0)


Make = Callable[..., EventBuffer]


def record(buffer: EventBuffer, *items: str) -> list[Event]:
    return [buffer.record("reader-7", item, "click") for item in items]


def test_events_go_together_when_a_hundred_wait_or_at_flush(buffers: Make) -> None:
    sink = Sink()
    buffer = buffers(sink)

    record(buffer, *map(str, range(150)))

    assert buffer.flush(WAIT_S)
    assert [len(batch) for batch in sink.tried] == [100, 50]
    assert sink.landed == list(map(str, range(150)))


def test_an_event_does_not_wait_longer_than_told(buffers: Make) -> None:
    landed = threading.Event()
    buffer = buffers(Sink(lambda _: landed.set()), flush_s=0.01)

    record(buffer, "a")

    assert landed.wait(WAIT_S)


def test_each_event_has_an_id_of_its_own_that_every_try_keeps(buffers: Make) -> None:
    ids: list[list[str | None]] = []

    def refuse(events: Sequence[Event]) -> ApiError | None:
        ids.append([e.event_id for e in events])
        return DOWN if len(ids) < 3 else None

    buffer = buffers(Sink(refuse))

    record(buffer, "a", "a")

    assert buffer.flush(WAIT_S)
    assert len(set(ids[0])) == 2
    assert all(tried[: len(ids[0])] == ids[0] for tried in ids)


def test_order_is_kept_through_an_outage(buffers: Make, caplog: pytest.LogCaptureFixture) -> None:
    outage = [DOWN, DOWN]
    sink = Sink(lambda _: outage.pop() if outage else None)
    buffer = buffers(sink)

    record(buffer, "a", "b")
    assert buffer.flush(WAIT_S)

    assert sink.landed == ["a", "b"]
    assert buffer.dropped == 0
    assert [r.getMessage() for r in caplog.records].count(caplog.records[0].getMessage()) == 1  # one line an outage


def test_a_full_buffer_drops_the_oldest_and_counts_them(buffers: Make, caplog: pytest.LogCaptureFixture) -> None:
    # GIVEN an API that is down: the first batch of three is being tried
    trying, up = threading.Event(), threading.Event()

    def refuse(_: Sequence[Event]) -> ApiError | None:
        if up.is_set():
            return None
        trying.set()
        up.wait(WAIT_S)
        return DOWN

    sink = Sink(refuse)
    buffer = buffers(sink, max_events=3, flush_s=0)
    record(buffer, "a")
    assert trying.wait(WAIT_S)

    # WHEN four more come, there is room for two beside the one under way
    record(buffer, "b", "c", "d", "e")
    assert (len(buffer), buffer.dropped) == (3, 2)
    up.set()

    assert buffer.flush(WAIT_S)
    assert sink.landed == ["a", "d", "e"]
    assert "the buffer of 3 is full" in caplog.text
    assert "reader-7" not in caplog.text


def invalid(*places: int) -> ValidationFailed:
    errors = tuple(FieldError(path=f"/events/{place}/at", message="lies in the future") for place in places)
    return ValidationFailed(Problem(title="Validation failed", status=422, detail="wrong", errors=errors))


def test_events_that_the_api_names_are_dropped_and_the_others_land(buffers: Make) -> None:
    sink = Sink(lambda events: invalid(1) if [e.item_id for e in events] == ["a", "bad", "c"] else None)
    buffer = buffers(sink)

    record(buffer, "a", "bad", "c")

    assert buffer.flush(WAIT_S)
    assert (sink.landed, buffer.dropped) == (["a", "c"], 1)


def test_where_it_names_none_the_bad_one_is_found_by_halves(buffers: Make) -> None:
    too_large = InvalidRequest(Problem(title="Too large", status=413))
    sink = Sink(lambda events: too_large if "bad" in [e.item_id for e in events] else None)
    buffer = buffers(sink)

    record(buffer, "a", "b", "bad", "c", "d")

    assert buffer.flush(WAIT_S)
    assert (sink.landed, buffer.dropped) == (["a", "b", "c", "d"], 1)


def test_closing_sends_what_waits(buffers: Make) -> None:
    sink = Sink()
    buffer = buffers(sink)
    record(buffer, "a")

    buffer.close()

    assert sink.landed == ["a"]
    with pytest.raises(RuntimeError, match="closed"):
        record(buffer, "b")
    buffer.close()  # again does nothing


def test_closing_while_the_api_is_down_gives_up_in_time_and_says_how_much_is_lost(
    buffers: Make, caplog: pytest.LogCaptureFixture
) -> None:
    buffer = buffers(Sink(lambda _: DOWN), backoff=Retries(first_wait_s=60))
    record(buffer, "a", "b")

    with caplog.at_level(logging.WARNING):
        buffer.close(0.05)

    assert buffer.dropped == 2
    assert "2 events could not be sent" in caplog.text


def test_an_answer_to_a_slate_brings_its_place(buffers: Make) -> None:
    sink = Sink()
    buffer = buffers(sink)
    item = {"title": "t", "score": 1, "terms": [], "reasons": []}
    slate = Recommendation.model_validate(
        {
            "slate_id": "s", "domain": "news", "basis": "general", "model_version": "m@1",
            "items": [
                item | {"item_id": "n1", "position": 0, "propensity": 0.5},
                item | {"item_id": "n2", "position": 1},
            ],
        }
    )  # fmt: skip

    click = buffer.record("ann", "n1", "click", slate=slate)
    other = buffer.record("ann", "elsewhere", "click", slate=slate)
    buffer.show("ann", slate)

    assert (click.slate_id, click.model_version, click.position, click.propensity) == ("s", "m@1", 0, 0.5)
    assert (other.slate_id, other.position, other.propensity) == ("s", None, None)
    assert buffer.flush(WAIT_S)
    assert sink.landed == ["n1", "elsewhere", "n1", "n2"]


def test_what_is_no_event_is_refused_at_once(buffers: Make) -> None:
    with pytest.raises(ValidationError, match="a rating needs a value"):
        buffers(Sink()).record("ann", "n1", "rate")


def test_the_client_s_events_are_posted_with_its_key() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(202, json={"accepted": 1, "duplicates": 0})

    with Feedsmith("http://x", "k", transport=httpx.MockTransport(answer)) as client:
        sent = client.events.record("ann", "n1", "click")

    (request,) = asked
    assert request.headers["Authorization"] == "Bearer k"
    assert (sent.event_id or "?") in request.content.decode()
