"""The OpenAI-compatible writer against a small local server; test_gguf_writer.py has it against llama.cpp's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contract.writer_contract import TIMEOUT_S, TOPIC, Answering, ModelContract, StructuredContract
from feedsmith.errors import ConfigurationError, WriterError, WriterUnavailable
from feedsmith.writing.base import StructuredWriter, Writer
from feedsmith.writing.writers.openai import OpenAIWriter
from support.http import Server, serving
from support.writing import EN, prompt_of


def completion(*texts: str | None, finish: str = "stop", **message: Any) -> dict[str, Any]:
    return {
        "choices": [
            {"message": {"role": "assistant", "content": text, **message}, "finish_reason": finish} for text in texts
        ],
        "usage": {"prompt_tokens": 90, "completion_tokens": 12, "prompt_tokens_details": {"cached_tokens": 64}},
    }


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server((200, completion("Ad sales boost profit", "Profit up on ad sales")))) as running:
        yield running


def writer_for(server: Server, *, timeout_s: float = 5, pauses: list[float] | None = None) -> OpenAIWriter:
    note = pauses.append if pauses is not None else lambda _: None
    return OpenAIWriter("tiny", f"{server.address}/v1", api_key="secret", timeout_s=timeout_s, sleep=note)


class TestOpenAIWriter(ModelContract, StructuredContract):
    @pytest.fixture
    def writer(self, server: Server) -> Writer:
        return writer_for(server)

    @pytest.fixture
    def answering(self, server: Server) -> Answering:
        def answers(*texts: str | None, cut: bool = False) -> Writer:
            server.answers = [(200, completion(*texts, finish="length" if cut else "stop"))]
            return writer_for(server)

        return answers

    @pytest.fixture
    def structured(self, answering: Answering) -> Callable[..., StructuredWriter]:
        return answering  # type: ignore[return-value]  # an OpenAIWriter is both

    @pytest.fixture
    def late(self, server: Server) -> Writer:
        server.answers = [(200, None)]
        return writer_for(server, timeout_s=TIMEOUT_S)

    @pytest.fixture
    def absent(self) -> Writer:
        return OpenAIWriter("tiny", "http://127.0.0.1:9/v1", sleep=lambda _: None)


def test_the_request_is_a_chat_completion(server: Server) -> None:
    prompt = prompt_of(EN)
    writer_for(server).write(prompt, 2)
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert body["model"] == "tiny"
    assert body["n"] == 2
    assert [message["content"] for message in body["messages"]] == [prompt.system, prompt.user]


def test_cached_tokens_are_counted_apart(server: Server) -> None:
    drafts = writer_for(server).write(prompt_of(EN), 2)
    # 90 tokens of prompt, of which 64 came from the cache; the call's tokens stand on its first draft
    assert [(d.input_tokens, d.cache_read_tokens, d.output_tokens) for d in drafts] == [(26, 64, 12), (0, 0, 0)]


def test_a_server_that_counts_no_tokens_is_no_reason_to_fail(server: Server) -> None:
    server.answers = [(200, {"choices": completion("Ad sales boost profit")["choices"], "usage": None})]
    [draft] = writer_for(server).write(prompt_of(EN), 1)
    assert (draft.input_tokens, draft.output_tokens) == (0, 0)


def test_one_good_answer_of_three_is_enough(server: Server) -> None:
    choices = [
        *completion("Ad sales bo", finish="length")["choices"],
        *completion("Ad sales", finish="content_filter")["choices"],
        *completion("Ad sales boost profit")["choices"],
    ]
    server.answers = [(200, {"choices": choices})]
    assert [draft.text for draft in writer_for(server).write(prompt_of(EN), 3)] == ["Ad sales boost profit"]


def test_a_busy_server_is_asked_again(server: Server) -> None:
    server.answers = [(429, {}), (503, {}), (200, completion("Ad sales boost profit"))]
    assert writer_for(server).write(prompt_of(EN), 1)[0].text == "Ad sales boost profit"


def test_a_server_that_says_when_is_asked_no_sooner(server: Server) -> None:
    server.answers = [(429, {}, {"Retry-After": "3"}), (200, completion("Ad sales boost profit"))]
    pauses: list[float] = []
    writer_for(server, pauses=pauses).write(prompt_of(EN), 1)
    assert pauses == [3.0]


def test_nobody_waits_for_a_try_after_the_deadline(server: Server) -> None:
    server.answers = [(429, {}, {"Retry-After": "60"})]
    pauses: list[float] = []
    with pytest.raises(WriterUnavailable, match="HTTP 429"):
        writer_for(server, pauses=pauses).write(prompt_of(EN), 1)
    assert pauses == []
    assert len(server.requests) == 1


def test_a_body_that_never_ends_is_late(server: Server) -> None:
    server.answers = [(200, server.dripping())]
    with pytest.raises(WriterUnavailable, match=f"took longer than {TIMEOUT_S} s"):
        writer_for(server, timeout_s=TIMEOUT_S).write(prompt_of(EN), 1)


@pytest.mark.parametrize(
    ("answer", "match", "calls"),
    [
        ((500, {}), "HTTP 500", 3),
        ((401, {}), "HTTP 401", 1),
        ((200, b"<html>"), "no chat completion", 1),
        ((200, b"\xff\xfe"), "no chat completion", 1),
        ((200, b"[" * 100_000), "no chat completion", 1),
        ((200, b" " * 2**20 + b"{}"), "no chat completion", 1),
        ((200, {"error": "x"}), "no chat completion", 1),
        ((200, []), "no chat completion", 1),
        ((200, completion("Profit up") | {"usage": "free"}), "no chat completion", 1),
        ((200, completion(["Profit up"])), "no chat completion", 1),  # type: ignore[arg-type]  # that is the point
    ],
)
def test_what_no_prompt_would_mend_is_said_to_be_unavailable(
    server: Server, answer: tuple[int, Any], match: str, calls: int
) -> None:
    server.answers = [answer]
    with pytest.raises(WriterUnavailable, match=match):
        writer_for(server).write(prompt_of(EN), 1)
    assert len(server.requests) == calls


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        ((400, {"error": {"message": "exceeds the context"}}), "HTTP 400"),
        ((200, {"choices": []}), "answered nothing"),
        ((200, completion("Ad sales", finish="content_filter")), "stopped by a content filter"),
        ((200, completion(None, refusal="I will not")), "refused"),
    ],
)
def test_what_another_prompt_may_mend_is_not(server: Server, answer: tuple[int, Any], match: str) -> None:
    server.answers = [answer]
    with pytest.raises(WriterError, match=match) as raised:
        writer_for(server).write(prompt_of(EN), 1)
    assert not isinstance(raised.value, WriterUnavailable)


def test_a_headline_loses_its_full_stop(server: Server) -> None:
    server.answers = [(200, completion("Ad sales boost profit.", "Ad sales boost profit in the U.S."))]
    texts = [draft.text for draft in writer_for(server).write(prompt_of(EN), 2)]
    assert texts == ["Ad sales boost profit", "Ad sales boost profit in the U.S."]


def test_a_schema_goes_with_the_question(server: Server) -> None:
    server.answers = [(200, completion('{"topic": "sport"}'))]
    writer_for(server).structured("Label.", "A match", TOPIC, max_tokens=20)
    _, _, body = server.requests[0]
    assert body["response_format"]["json_schema"]["schema"] == TOPIC
    assert (body["temperature"], body["max_tokens"]) == (0, 20)
    assert [message["content"] for message in body["messages"]] == ["Label.", "A match"]


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (completion('{"topic": "bus'), "broken JSON"),
        (completion("It is about business."), "broken JSON"),
        (completion("[" * 100_000), "broken JSON"),
        (completion(None, refusal="I will not"), "refused"),
        ({"choices": []}, "no chat completion"),
    ],
)
def test_an_answer_that_is_not_by_the_schema_is_a_writer_error(server: Server, answer: Any, match: str) -> None:
    server.answers = [(200, answer)]
    with pytest.raises(WriterError, match=match):
        writer_for(server).structured("Label.", "A match", TOPIC)


@pytest.mark.parametrize(("url", "key"), [("http://[::1/v1", "k"), ("http://127.0.0.1:1/v1", "ключ")])
def test_a_url_or_key_that_cannot_be_sent_is_a_configuration_error(url: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match="check the URL in FEEDSMITH_WRITER and the key"):
        OpenAIWriter("tiny", url, api_key=key)
