"""The Bedrock writer against botocore's Stubber."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import NoRegionError
from botocore.stub import ANY, Stubber

from contract.writer_contract import WriterContract
from feedsmith.errors import ConfigurationError, WriterError
from feedsmith.writing.base import Writer
from feedsmith.writing.writers.bedrock import BedrockWriter, connect
from support.writing import EN, prompt_of


def client() -> Any:
    make = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1").client
    return connect(5.0, make)


def answer(text: str, stop: str = "end_turn") -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": stop,
        "usage": {"inputTokens": 100, "outputTokens": 9, "totalTokens": 109},
        "metrics": {"latencyMs": 1},
    }


class TestBedrockWriter(WriterContract):
    @pytest.fixture
    def writer(self) -> Writer:
        bedrock = client()
        stubber = Stubber(bedrock)
        for text in ("Ad sales boost profit", "Profit up on ad sales"):
            stubber.add_response("converse", answer(text))
        stubber.activate()
        return BedrockWriter("amazon.nova-micro-v1:0", bedrock, sleep=lambda _: None)


@pytest.fixture
def stubbed() -> tuple[Stubber, BedrockWriter]:
    bedrock = client()
    stubber = Stubber(bedrock)
    stubber.activate()
    return stubber, BedrockWriter("m", bedrock, sleep=lambda _: None)


def test_the_rules_go_into_the_system_prompt_and_the_source_into_the_message(stubbed: Any) -> None:
    stubber, writer = stubbed
    prompt = prompt_of(EN)
    expected = {
        "modelId": "m",
        "system": [{"text": prompt.system}],
        "messages": [{"role": "user", "content": [{"text": prompt.user}]}],
        "inferenceConfig": {"maxTokens": 27, "temperature": ANY, "topP": ANY},  # 14 words * 1.5 + 6
    }
    stubber.add_response("converse", answer("Ad sales boost profit"), expected)
    [draft] = writer.write(prompt, 1)
    assert (draft.text, draft.input_tokens, draft.output_tokens) == ("Ad sales boost profit", 100, 9)
    stubber.assert_no_pending_responses()


def test_throttling_passes(stubbed: Any) -> None:
    stubber, writer = stubbed
    stubber.add_client_error("converse", "ThrottlingException", http_status_code=429)
    stubber.add_client_error("converse", "ThrottlingException", http_status_code=429)
    stubber.add_response("converse", answer("Ad sales boost profit"))
    assert writer.write(prompt_of(EN), 1)[0].text == "Ad sales boost profit"


def test_throttling_that_does_not_pass_is_a_writer_error(stubbed: Any) -> None:
    stubber, writer = stubbed
    for _ in range(3):
        stubber.add_client_error("converse", "ThrottlingException", http_status_code=429)
    with pytest.raises(WriterError, match="bedrock:m failed: ThrottlingException"):
        writer.write(prompt_of(EN), 1)
    stubber.assert_no_pending_responses()


def test_what_will_not_pass_is_not_tried_again(stubbed: Any) -> None:
    stubber, writer = stubbed
    stubber.add_client_error("converse", "AccessDeniedException", http_status_code=403)
    with pytest.raises(WriterError, match="AccessDeniedException"):
        writer.write(prompt_of(EN), 1)


def test_one_answer_of_two_is_enough(stubbed: Any) -> None:
    stubber, writer = stubbed
    stubber.add_client_error("converse", "AccessDeniedException", http_status_code=403)
    stubber.add_response("converse", answer("Ad sales boost profit"))
    assert [draft.text for draft in writer.write(prompt_of(EN), 2)] == ["Ad sales boost profit"]


@pytest.mark.parametrize("text", ["I'm sorry, I cannot help with that.", "作为一个AI，我无法提供标题。"])
def test_a_refusal_is_no_text(stubbed: Any, text: str) -> None:
    stubber, writer = stubbed
    stubber.add_response("converse", answer(text))
    with pytest.raises(WriterError, match="refused"):
        writer.write(prompt_of(EN), 1)


def test_what_a_guardrail_says_is_no_text(stubbed: Any) -> None:
    stubber, writer = stubbed
    stubber.add_response("converse", answer("The model cannot answer this.", "guardrail_intervened"))
    with pytest.raises(WriterError, match="answered nothing"):
        writer.write(prompt_of(EN), 1)


def test_a_service_that_cannot_be_reached_is_a_writer_error() -> None:
    make = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1").client
    bedrock = make("bedrock-runtime", endpoint_url="http://127.0.0.1:9", config=None)
    with pytest.raises(WriterError, match="does not answer: EndpointConnectionError"):
        BedrockWriter("m", bedrock, sleep=lambda _: None).write(prompt_of(EN), 1)


def test_without_a_region_the_remedy_is_named() -> None:
    def clients(*_: Any, **__: Any) -> Any:
        raise NoRegionError

    with pytest.raises(ConfigurationError, match="AWS_DEFAULT_REGION"):
        connect(1.0, clients)
