"""Makes text from outside safe to read, to quote and to put into a prompt."""

from __future__ import annotations

import re
import unicodedata

from feedsmith.content.html import visible

# Controls other than tab and newline; zero-width, joining and filling characters; bidirectional overrides; the tag
# characters and variation selectors that smuggle hidden text past a human reader.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\ud800-\udfff]"
)
# What parts a prompt: our own fence and what looks like it, and the marks of chat templates.
_FENCES = re.compile(
    r"[<＜‹〈《≪]{3,}|(?<!--)[>＞›〉》≫]{3,}|[<＜][|｜][^|｜<>＜＞]{0,40}[|｜][>＞]|[<＜][|｜]|[|｜][>＞]"
    r"|\[/?(?:INST|SYS|SYSTEM|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"
    r"|</?(?:bos|eos|pad|unk|start_of_turn|end_of_turn|think|im_start|im_end|human|assistant|system|user"
    r"|instructions?|prompt|context|untrusted|document)>"
    r"|\[(?:gMASK|sMASK|MASK|CLS|SEP|UNK|BOS|EOS)\]|(?:```|~~~)\s{0,3}(?:system|assistant|user|instructions?)\b",
    re.IGNORECASE,
)
_SPACES = re.compile(r"(?:[^\S\n]|\u2800)+")  # U+2800: the empty Braille pattern
_LINES = re.compile(r"\s*\n\s*")
_MARKUP = re.compile(r"<[a-zA-Z!/?]|&[#a-zA-Z]")
_REST_OF_MARKUP = re.compile(r"<[a-zA-Z!/?][^<>]*>?|&(?=[#a-zA-Z])")

# Markdown that hides text or loads something; emphasis and lists are left, they hide nothing.
_MARKDOWN_COMMENT = re.compile(r"(?m)^[ \t]*\[[^\]\n]{0,80}\]:[ \t]*(?:#|<>|\S{1,500})[^\n]*$")
_MARKDOWN_LINK = re.compile(
    r"(!?)\[([^\[\]\n]{0,300})\](?:\([^()\s]{0,1000}(?:\s[^()\n]{0,300})?\)|\[[^\[\]\n]{0,80}\])"
)
_CODE_FENCE = re.compile(r"(?:```|~~~)[ \t]*[\w+-]{0,20}")

# What is read of a text at most; markup is several times as long as the words in it.
_READ = 60_000
_MARKUP_PER_TEXT = 8
_ROUNDS = 4


def _unlinked(link: re.Match[str]) -> str:
    """The words of a link; nothing of an image, whose words are not shown."""
    return " " if link.group(1) else link.group(2)


def _tidied(text: str, fence: str) -> str:
    """Text without invisible characters, fence marks and Markdown's links and comments, NFC, with single spaces."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    text = _FENCES.sub(fence, text)  # what stands in for it keeps the halves of another mark apart
    text = _MARKDOWN_LINK.sub(_unlinked, _MARKDOWN_COMMENT.sub("", _CODE_FENCE.sub(" ", text)))
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def clean(text: str, limit: int | None = None, *, fence: str = " ") -> str:
    """Plain, visible text: no markup, no hidden or invisible characters, no fence marks, NFC, single spaces.

    Parameters
    ----------
    text
        Anything a content owner or a model may have sent.
    limit
        Longest result in characters; cut at a space or, in text without spaces, anywhere. None: as long as it is.
    fence
        What is put in the place of a fence mark.

    Returns
    -------
    str
        Lines separated by single newlines; cleaning twice changes nothing.
    """
    text = _INVISIBLE.sub("", text[: _READ if limit is None else min(_READ, _MARKUP_PER_TEXT * limit)])
    for _ in range(_ROUNDS):  # what was escaped, or parted by something removed, is markup only afterwards
        text = _FENCES.sub(fence, text)  # before the marks that look like tags are lost with the tags
        seen = _tidied(visible(text) if _MARKUP.search(text) else text, fence)
        if seen == text:
            break
        text = seen
    else:
        text = _settled(_REST_OF_MARKUP.sub(" ", text), fence)
    if limit is not None and len(text) > limit:
        head, _, _ = text[:limit].rpartition(" ")
        text = (head if len(head) > limit // 2 else text[:limit]).rstrip()
    return text


def _settled(text: str, fence: str) -> str:
    """Tidied until nothing changes; what still nests after that many rounds loses its brackets."""
    for _ in range(_ROUNDS):
        seen = _tidied(text, fence)
        if seen == text:
            return text
        text = seen
    return _tidied(re.sub(r"[\[\]]", " ", text), fence)
