"""The composition root: one of each, and keys from where they are set."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from feedsmith.bootstrap import Lazy, Services
from feedsmith.errors import ConfigurationError, StoreUnavailable, WriterUnavailable
from feedsmith.settings import Settings
from feedsmith.stores import aws
from feedsmith.writing.writers.extractive import ExtractiveWriter
from support.rights import InMemoryPeople
from support.writing import EN, prompt_of

PROMPT = prompt_of(EN)


class SecretsManager:
    """Knows one secret."""

    def get_secret_value(self, **asked: Any) -> dict[str, str]:
        assert asked["SecretId"] == "the-secret"
        return {"SecretString": "sixteen bytes at least"}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "client", lambda service: SecretsManager())


def test_threads_get_the_same_one_and_it_is_made_once() -> None:
    made: list[object] = []
    together = threading.Barrier(8)
    lazy = Lazy(lambda: made.append(object()) or made[-1])
    got: list[object] = []

    def ask() -> None:
        together.wait(5)
        got.append(lazy())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert len(made) == 1
    assert got == made * 8


def test_a_failure_to_make_it_is_not_remembered() -> None:
    answers = iter([ValueError("not yet"), "made"])

    def make() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    lazy = Lazy(make)
    with pytest.raises(ValueError, match="not yet"):
        lazy()
    assert not lazy.made
    assert lazy() == "made"


def test_without_a_kms_key_nobody_is_stored_and_no_proof_given() -> None:
    services = Services(Settings(tenant_key="", proof_key=""))
    services.people = InMemoryPeople()
    with pytest.raises(ConfigurationError, match="FEEDSMITH_TENANT_KEY"):
        services.pseudonym("acme", "ann")
    with pytest.raises(ConfigurationError, match="FEEDSMITH_PROOF_KEY"):
        _ = services.signer


def test_the_writers_key_may_come_from_a_secret() -> None:
    settings = Settings(writer="openai:m@http://127.0.0.1:9/v1", writer_api_key_secret="the-secret")
    writer = Services(settings).writer()

    assert writer.name == "openai:m"
    assert writer.is_model
    assert "sixteen bytes" not in writer.name + repr(writer)
    with pytest.raises(WriterUnavailable, match="openai:m does not answer"):
        writer.write(PROMPT, 1)


@pytest.mark.parametrize(
    ("writer", "name"),
    [
        ("gguf:/no/such/folder/model.gguf", "gguf:folder/model.gguf"),
        ("openai:m", "openai:unknown"),
        ("house:/no/such/adapter.gguf", "house:unknown"),
        ("gpt:secret", "gpt:unknown"),
    ],
)
def test_a_writer_that_cannot_work_is_found_out_when_it_is_asked_and_then_left_alone(writer: str, name: str) -> None:
    guarded = Services(Settings(writer=writer, writer_breaker_failures=1)).writer()

    assert guarded.name == name
    with pytest.raises(ConfigurationError):
        guarded.write(PROMPT, 1)
    with pytest.raises(WriterUnavailable, match=r"circuit open until .* UTC: it is not set up"):
        guarded.write(PROMPT, 1)


def test_a_secret_that_is_asked_for_too_early_fails_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise StoreUnavailable("Secrets Manager cannot be reached")

    monkeypatch.setattr(aws, "client", broken)
    writer = Services(Settings(writer="openai:m@https://h/v1", writer_api_key_secret="the-secret")).writer()

    with pytest.raises(WriterUnavailable, match="openai:m cannot be set up"):
        writer.write(PROMPT, 1)


def test_the_extractive_writer_needs_no_guard() -> None:
    assert isinstance(Services(Settings(writer="extractive")).writer(), ExtractiveWriter)
