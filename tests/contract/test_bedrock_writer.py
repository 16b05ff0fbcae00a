"""The Bedrock writer against botocore's Stubber, and against sockets that say nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from threading import Event, Lock
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError, NoRegionError
from botocore.stub import Stubber

from contract.writer_contract import TIMEOUT_S, TOPIC, Answering, ModelContract, StructuredContract
from feedsmith.errors import ConfigurationError, WriterError, WriterUnavailable
from feedsmith.writing.base import StructuredWriter, Writer
from feedsmith.writing.writers.bedrock import BedrockWriter, Guardrail, connect
from support.writing import EN, prompt_of

SESSION = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1")
MANY = 40  # answers, for as many calls as a contract's test makes


def client(timeout_s: float = 5.0, **options: Any) -> Any:
    return connect(timeout_s, lambda service, config: SESSION.client(service, config=config, **options))


def answer(text: str | None = None, stop: str = "end_turn", *blocks: Any, **usage: int) -> dict[str, Any]:
    said = [{"text": text}] if text is not None else []
    return {
        "output": {"message": {"role": "assistant", "content": [*said, *blocks]}},
        "stopReason": stop,
        "usage": {"inputTokens": 100, "outputTokens": 9, "totalTokens": 109} | usage,
        "metrics": {"latencyMs": 1},
    }


def tool(value: Any, stop: str = "tool_use") -> dict[str, Any]:
    return answer(None, stop, {"toolUse": {"toolUseId": "1", "name": "answer", "input": value}})


def stubbed(*answers: dict[str, Any], model: str = "m", **options: Any) -> tuple[Stubber, BedrockWriter]:
    bedrock = client()
    stubber = Stubber(bedrock)
    for each in answers:
        stubber.add_response("converse", each)
    stubber.activate()
    return stubber, BedrockWriter(model, bedrock, sleep=lambda _: None, **options)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a socket that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


class TestBedrockWriter(ModelContract, StructuredContract):
    @pytest.fixture
    def writer(self) -> Writer:
        return stubbed(*[answer("Ad sales boost profit"), answer("Profit up on ad sales")] * MANY)[1]

    @pytest.fixture
    def answering(self) -> Answering:
        def answers(*texts: str | None, cut: bool = False) -> Writer:
            return stubbed(*(answer(text, "max_tokens" if cut else "end_turn") for text in texts))[1]

        return answers

    @pytest.fixture
    def structured(self) -> Callable[..., StructuredWriter]:
        def answers(text: str, *, cut: bool = False) -> StructuredWriter:
            return stubbed(tool(json.loads(text), "max_tokens" if cut else "tool_use"))[1]

        return answers

    @pytest.fixture
    def late(self, silent: str) -> Writer:
        return BedrockWriter("m", client(TIMEOUT_S, endpoint_url=silent), timeout_s=TIMEOUT_S)

    @pytest.fixture
    def absent(self) -> Writer:
        return BedrockWriter("m", client(endpoint_url="http://127.0.0.1:9"), sleep=lambda _: None)


def sent(model: str, **options: Any) -> dict[str, Any]:
    """The request that the model gets."""

    class Client:
        def converse(self, **request: Any) -> dict[str, Any]:
            self.request = request
            return answer("Ad sales boost profit")

    recorder = Client()
    BedrockWriter(model, recorder, **options).write(prompt_of(EN), 1)
    return recorder.request


def test_the_rules_go_into_the_system_prompt_and_the_source_into_the_message() -> None:
    prompt = prompt_of(EN)
    assert sent("m") == {
        "modelId": "m",
        "system": [{"text": prompt.system}],
        "messages": [{"role": "user", "content": [{"text": prompt.user}]}],
        "inferenceConfig": {"maxTokens": int(prompt.limit * 1.5) + 6, "temperature": 0.3},
    }


@pytest.mark.parametrize(
    ("model", "option", "caches"),
    [
        ("amazon.nova-micro-v1:0", None, True),
        ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", None, True),
        ("anthropic.claude-3-haiku-20240307-v1:0", None, False),
        ("meta.llama3-1-8b-instruct-v1:0", None, False),
        ("amazon.nova-micro-v1:0", False, False),
        ("arn:aws:bedrock:eu-central-1:1:application-inference-profile/x", True, True),
    ],
)
def test_the_rules_are_cached_where_the_model_can(model: str, option: bool | None, caches: bool) -> None:
    system = sent(model, prompt_cache=option)["system"]
    assert ({"cachePoint": {"type": "default"}} in system[1:]) == caches
    assert "text" in system[0]


def test_a_guardrail_goes_with_every_call() -> None:
    request = sent("m", guardrail=Guardrail("gr1", "7"))
    assert request["guardrailConfig"] == {"guardrailIdentifier": "gr1", "guardrailVersion": "7"}


def test_botocore_knows_all_that_is_sent() -> None:
    # The stubber checks each request against the service's own model.
    stubber, writer = stubbed(
        answer("Ad sales boost profit"), tool({"topic": "sport"}), model="amazon.nova-lite-v1:0",
        guardrail=Guardrail("abcdefghij12", "DRAFT"),
    )  # fmt: skip
    writer.write(prompt_of(EN), 1)
    assert writer.structured("Label.", "A match", TOPIC) == {"topic": "sport"}
    stubber.assert_no_pending_responses()


def test_the_tokens_of_all_candidates_are_counted_the_cached_ones_apart() -> None:
    first = answer("Ad sales boost profit", cacheReadInputTokens=0, cacheWriteInputTokens=1200)
    second = answer("Ad sales", "max_tokens", cacheReadInputTokens=1200, cacheWriteInputTokens=0)
    [draft] = stubbed(first, second)[1].write(prompt_of(EN), 2)
    # 100 + 100 read, 9 + 9 written: those of the one that was cut off are paid for, too
    assert (draft.input_tokens, draft.output_tokens) == (200, 18)
    assert (draft.cache_read_tokens, draft.cache_write_tokens) == (1200, 1200)


def test_throttling_passes() -> None:
    stubber, writer = stubbed()
    stubber.add_client_error("converse", "ThrottlingException", http_status_code=429)
    stubber.add_client_error("converse", "ThrottlingException", http_status_code=429)
    stubber.add_response("converse", answer("Ad sales boost profit"))
    assert writer.write(prompt_of(EN), 1)[0].text == "Ad sales boost profit"


def test_throttling_that_does_not_pass_is_a_writer_error() -> None:
    stubber, writer = stubbed()
    for _ in range(3):
        stubber.add_client_error("converse", "ThrottlingException", http_status_code=429)
    with pytest.raises(WriterUnavailable, match="bedrock:m failed: ThrottlingException"):
        writer.write(prompt_of(EN), 1)
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "remedy", "unavailable"),
    [
        ("AccessDeniedException", "allow bedrock:InvokeModel", True),
        ("ResourceNotFoundException", "check that the region has the model", True),
        ("ExpiredTokenException", "", True),
        ("ValidationException", "the prompt may be too long", False),
    ],
)
def test_what_will_not_pass_is_not_tried_again_and_its_remedy_is_named(
    code: str, remedy: str, unavailable: bool
) -> None:
    stubber, writer = stubbed()
    stubber.add_client_error("converse", code, "arn:aws:iam::1:role/secret is not allowed", http_status_code=400)
    with pytest.raises(WriterError, match=f"{code}.*{remedy}") as raised:
        writer.write(prompt_of(EN), 1)
    assert isinstance(raised.value, WriterUnavailable) == unavailable
    assert "arn:" not in str(raised.value)


def test_one_answer_of_two_is_enough() -> None:
    stubber, writer = stubbed()
    stubber.add_client_error("converse", "AccessDeniedException", http_status_code=403)
    stubber.add_response("converse", answer("Ad sales boost profit"))
    assert [draft.text for draft in writer.write(prompt_of(EN), 2)] == ["Ad sales boost profit"]


def test_a_candidate_that_is_late_is_left_out() -> None:
    over, lock, calls = Event(), Lock(), []

    class Client:
        def converse(self, **_: Any) -> dict[str, Any]:
            with lock:
                calls.append(1)
                is_first = len(calls) == 1
            if is_first:
                over.wait(10)
            return answer("Ad sales boost profit")

    writer = BedrockWriter("m", Client(), timeout_s=TIMEOUT_S)
    assert [draft.text for draft in writer.write(prompt_of(EN), 2)] == ["Ad sales boost profit"]
    assert len(calls) == 2
    over.set()


@pytest.mark.parametrize(
    ("stop", "match"),
    [
        ("guardrail_intervened", "bedrock:m was stopped by the guardrail"),
        ("content_filtered", "stopped by a content filter"),
        ("refusal", "refused"),
        ("model_context_window_exceeded", "stopped: model_context_window_exceeded"),
    ],
)
def test_what_a_filter_says_in_the_models_place_is_no_text(stop: str, match: str) -> None:
    with pytest.raises(WriterError, match=match) as raised:
        stubbed(answer("The model cannot answer this.", stop))[1].write(prompt_of(EN), 1)
    assert not isinstance(raised.value, WriterUnavailable)


@pytest.mark.parametrize(
    ("given", "match"),
    [(answer("It is sport."), "no object, or none"), (answer(None, "guardrail_intervened"), "the guardrail")],
)
def test_an_answer_without_the_tool_is_a_writer_error(given: dict[str, Any], match: str) -> None:
    with pytest.raises(WriterError, match=match):
        stubbed(given)[1].structured("Label.", "A match", TOPIC)


def test_without_credentials_the_remedy_is_named() -> None:
    class Client:
        def converse(self, **_: Any) -> Any:
            raise NoCredentialsError

    with pytest.raises(ConfigurationError, match="no AWS credentials: give the process a role"):
        BedrockWriter("m", Client()).write(prompt_of(EN), 1)


def test_without_a_region_the_remedy_is_named() -> None:
    def clients(*_: Any, **__: Any) -> Any:
        raise NoRegionError

    with pytest.raises(ConfigurationError, match="AWS_DEFAULT_REGION"):
        connect(1.0, clients)
