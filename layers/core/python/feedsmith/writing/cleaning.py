"""Makes text from outside safe to read, to quote and to put into a prompt."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

# Controls other than tab and newline; zero-width and joining characters; bidirectional overrides; the tag
# characters and variation selectors that smuggle hidden text past a human reader.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef\ud800-\udfff]"
)
_FENCES = re.compile(r"<{3,}|>{3,}|<\|[^|>]{0,40}\|>|\[/?INST\]|<</?SYS>>", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_MARKUP = re.compile(r"<[a-zA-Z!/?]|&[#a-zA-Z]")

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
    if _MARKUP.search(text):
        parser = _Visible()
        parser.feed(text)
        parser.close()
        text = "".join(parser.parts)
    text = unicodedata.normalize("NFC", text)
    text = _INVISIBLE.sub("", text)
    while _FENCES.search(text):  # removing one mark may bring the halves of another together
        text = _FENCES.sub(" ", text)
    text = _LINES.sub("\n", _SPACES.sub(" ", text)).strip()
    if limit is not None and len(text) > limit:
        head, _, _ = text[:limit].rpartition(" ")
        text = (head if len(head) > limit // 2 else text[:limit]).rstrip()
    return text
