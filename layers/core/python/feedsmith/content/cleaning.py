"""Makes text from outside safe to read, to quote and to put into a prompt."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

# Controls other than tab and newline; zero-width, joining and filling characters; bidirectional overrides; the tag
# characters and variation selectors that smuggle hidden text past a human reader.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef\ud800-\udfff]"
)
_FENCES = re.compile(r"<{3,}|>{3,}|<\|[^|>]{0,40}\|>|<\||\|>|\[/?INST\]|<</?SYS>>", re.IGNORECASE)
_SPACES = re.compile(r"(?:[^\S\n]|\u2800)+")  # U+2800: the empty Braille pattern
_LINES = re.compile(r"\s*\n\s*")
_MARKUP = re.compile(r"<[a-zA-Z!/?]|&[#a-zA-Z]")
_REST_OF_MARKUP = re.compile(r"<[a-zA-Z!/?][^<>]*>?|&(?=[#a-zA-Z])")
# The HTML parser looks for the end of each of these anew, to the end of the text.
_OPEN_FOREVER = re.compile(r"<(?=[a-zA-Z!/?])(?![^<>]{0,2000}>)")

_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")  # feeds wrap their text in it
_DECLARATION = re.compile(r"<[!?][^<>]*>")  # the HTML parser raises AssertionError at a malformed one

# What is read of a text at most; markup is several times as long as the words in it.
_READ = 60_000
_MARKUP_PER_TEXT = 8
_ROUNDS = 4

# Sentences that speak to a model instead of a reader (prompt injection).
ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|above|previous|prior)\b"
    r"|\b(?:system|developer) (?:prompt|message)\b|\byou are now\b|\b(?:new|updated) instructions?\s*:"
    r"|(?:忽略|无视|忘记|不要理会).{0,12}(?:指令|指示|提示|规则|要求|上文|以上)|系统提示|你现在是|新的?指令",
    re.IGNORECASE,
)

_UNREAD = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "head", "title"})
_VOID = frozenset(
    {"br", "hr", "img", "input", "link", "meta", "area", "base", "col", "embed", "source", "track", "wbr"}
)
_BLOCKS = frozenset({"p", "br", "div", "li", "ul", "ol", "tr", "table", "section", "article", "blockquote", "hr"}) | {
    f"h{level}" for level in range(1, 7)
}
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d])", re.IGNORECASE
)


class _Visible(HTMLParser):
    """Keeps what a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden: list[str] = []  # open elements from the outermost hidden one inwards

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag in _VOID:
            return
        named = dict(attrs)
        hidden = (
            tag in _UNREAD
            or "hidden" in named
            or named.get("aria-hidden") == "true"
            or _HIDDEN.search(named.get("style") or "") is not None
        )
        if self._hidden or hidden:
            self._hidden.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag in self._hidden:  # an unclosed inner element ends with its parent
            while self._hidden.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def _visible(page: str) -> str:
    """What a reader of the page would see, in time that grows with its length and not faster."""
    parts, at = [], 0
    while (start := page.find("<!--", at)) >= 0:
        parts.append(page[at:start])
        end = page.find("-->", start + 4)
        at = end + 3 if end >= 0 else len(page)  # a comment that does not end hides the rest
    parts.append(page[at:])
    parser = _Visible()
    parser.feed(_DECLARATION.sub(" ", _OPEN_FOREVER.sub(" ", _CDATA.sub(" ", "".join(parts)))))
    parser.close()
    return "".join(parser.parts)


def _tidied(text: str) -> str:
    """Text without invisible characters and fence marks, NFC, with single spaces."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    text = _FENCES.sub(" ", text)  # the space keeps the halves of another mark apart
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def clean(text: str, limit: int | None = None) -> str:
    """Plain, visible text: no markup, no hidden or invisible characters, no fence marks, NFC, single spaces.

    Parameters
    ----------
    text
        Anything a content owner or a model may have sent.
    limit
        Longest result in characters; cut at a space or, in text without spaces, anywhere. None: as long as it is.

    Returns
    -------
    str
        Lines separated by single newlines; cleaning twice changes nothing.
    """
    text = _INVISIBLE.sub("", text[: _READ if limit is None else min(_READ, _MARKUP_PER_TEXT * limit)])
    for _ in range(_ROUNDS):  # what was escaped, or parted by something removed, is markup only afterwards
        seen = _tidied(_visible(text) if _MARKUP.search(text) else text)
        if seen == text:
            break
        text = seen
    else:
        text = _tidied(_REST_OF_MARKUP.sub(" ", text))
    if limit is not None and len(text) > limit:
        head, _, _ = text[:limit].rpartition(" ")
        text = (head if len(head) > limit // 2 else text[:limit]).rstrip()
    return text
