"""The OpenAI-compatible writer against a small local server, and against llama.cpp's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from contract.writer_contract import WriterContract
from feedsmith.errors import WriterError
from feedsmith.writing.base import Writer
from feedsmith.writing.writers.openai import OpenAIWriter
from support.writing import EN, prompt_of


class Server:
    """Answers with the queued (status, body) pairs, the last one again and again."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = [(200, completion("Ad sales boost profit", "Profit up on ad sales"))]
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append((self.path, dict(self.headers), body))
                status, answer = outer.answers[0] if len(outer.answers) == 1 else outer.answers.pop(0)
                sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"


def completion(*texts: str | None) -> dict[str, Any]:
    return {
        "choices": [{"message": {"role": "assistant", "content": text}} for text in texts],
        "usage": {"prompt_tokens": 90, "completion_tokens": 12},
    }


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = Thread(target=running.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.http.shutdown()
    running.http.server_close()
    thread.join()


def writer_for(server: Server) -> OpenAIWriter:
    return OpenAIWriter("tiny", server.url, api_key="secret", timeout_s=5, sleep=lambda _: None)


class TestOpenAIWriter(WriterContract):
    @pytest.fixture
    def writer(self, server: Server) -> Writer:
        return writer_for(server)


def test_the_request_is_a_chat_completion(server: Server) -> None:
    prompt = prompt_of(EN)
    writer_for(server).write(prompt, 2)
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert body["model"] == "tiny"
    assert body["n"] == 2
    assert [message["content"] for message in body["messages"]] == [prompt.system, prompt.user]


def test_what_a_model_wraps_its_text_in_is_taken_off(server: Server) -> None:
    server.answers = [
        (200, completion('Headline: "Ad sales boost profit"\n\nThis headline...', "**Ad sales boost profit**"))
    ]
    assert [draft.text for draft in writer_for(server).write(prompt_of(EN), 2)] == ["Ad sales boost profit"]


def test_a_busy_server_is_asked_again(server: Server) -> None:
    server.answers = [(429, {}), (503, {}), (200, completion("Ad sales boost profit"))]
    assert writer_for(server).write(prompt_of(EN), 1)[0].text == "Ad sales boost profit"


@pytest.mark.parametrize(
    ("answer", "match", "calls"),
    [
        ((500, {}), "HTTP 500", 3),
        ((401, {}), "HTTP 401", 1),
        ((200, b"<html>"), "no chat completion", 1),
        ((200, {"error": "x"}), "no chat completion", 1),
        ((200, []), "no chat completion", 1),
        ((200, completion(None)), "answered nothing", 1),
        ((200, completion("  ")), "answered nothing", 1),
        ((200, completion("I'm sorry, but I can't help with that.")), "refused", 1),
    ],
)
def test_anything_else_is_a_writer_error(server: Server, answer: tuple[int, Any], match: str, calls: int) -> None:
    server.answers = [answer]
    with pytest.raises(WriterError, match=match):
        writer_for(server).write(prompt_of(EN), 1)
    assert len(server.requests) == calls


def test_a_server_that_is_not_there_is_a_writer_error() -> None:
    writer = OpenAIWriter("tiny", "http://127.0.0.1:9/v1", sleep=lambda _: None)
    with pytest.raises(WriterError, match="does not answer: ConnectError"):
        writer.write(prompt_of(EN), 1)


def test_a_headline_loses_its_full_stop(server: Server) -> None:
    server.answers = [(200, completion("Ad sales boost profit.", "Ad sales boost profit in the U.S."))]
    texts = [draft.text for draft in writer_for(server).write(prompt_of(EN), 2)]
    assert texts == ["Ad sales boost profit", "Ad sales boost profit in the U.S."]
