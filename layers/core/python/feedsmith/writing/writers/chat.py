"""What the chat models have in common."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from feedsmith.errors import WriterError
from feedsmith.writing.base import Draft, Prompt
from feedsmith.writing.form import refuses, tidy
from feedsmith.writing.sentences import complete

TEMPERATURE = 0.3
TOP_P = 0.9
CUT = "was cut off at the token limit"
FILTERED = "was stopped by a content filter"
REFUSED = "refused"

_ONE_LINE = ("headline", "digest")


def messages(prompt: Prompt) -> list[dict[str, str]]:
    """A prompt as chat messages."""
    return dialogue(prompt.system, prompt.user)


def dialogue(system: str, user: str) -> list[dict[str, str]]:
    """Rules and a question as chat messages."""
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def response_format(schema: Any) -> dict[str, Any]:
    """The part of a chat completion's request that asks for JSON by a schema."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}


def max_tokens(prompt: Prompt) -> int:
    """Tokens that a text of the prompt's limit needs: 1.5 a word, 2 a Chinese character, and a few to end on."""
    return int(prompt.limit * (2.0 if prompt.language == "zh" else 1.5)) + 6


def whole(text: str, prompt: Prompt) -> bool:
    """Whether a text that ran into the token limit is all there: its one line has ended, or its last sentence."""
    text = text.strip()
    return complete(text) or (prompt.kind in _ONE_LINE and "\n" in text)


def drafts_of(
    texts: Sequence[str], prompt: Prompt, writer: str, *, input_tokens: int, output_tokens: int,
    cache_read_tokens: int = 0, cache_write_tokens: int = 0, lost: Sequence[str] = (),
) -> list[Draft]:  # fmt: skip
    """Tidied drafts, the empty, refusing and repeated ones left out; tokens are those of the whole call, on the first.

    Parameters
    ----------
    lost
        Why further answers of the call are no texts.

    Raises
    ------
    WriterError
        None is left.
    """
    tidied = [tidy(text, one_line=prompt.kind in _ONE_LINE) for text in texts]
    if prompt.kind == "headline":
        tidied = [text.rstrip("。") if "." in text[:-1] else text.rstrip(".。") for text in tidied]
    kept = list(dict.fromkeys(text for text in tidied if text and not refuses(text)))
    if not kept:
        raise WriterError(f"{writer} {REFUSED if any(tidied) else lost[0] if lost else 'answered nothing'}")
    first, *others = kept
    return [
        Draft(first, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens),
        *(Draft(text) for text in others),
    ]


def parsed(text: str, writer: str) -> dict[str, Any]:
    """The object that a JSON answer holds.

    Raises
    ------
    WriterError
        It is no JSON, or no object.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WriterError(f"{writer} answered broken JSON") from error
    if not isinstance(value, dict):
        raise WriterError(f"{writer} answered JSON that is no object")
    return value
