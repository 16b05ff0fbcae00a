"""What a reader of an HTML page would see of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# The HTML parser looks for the end of each of these anew, to the end of the text.
_OPEN_FOREVER = re.compile(r"<(?=[a-zA-Z!/?])(?![^<>]{0,2000}>)")
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")  # feeds wrap their text in it
_DECLARATION = re.compile(r"<[!?][^<>]*>")  # the HTML parser raises AssertionError at a malformed one

_UNREAD = frozenset(
    {
        "script",
        "style",
        "template",
        "noscript",
        "iframe",
        "object",
        "svg",
        "head",
        "title",
        "textarea",
        "select",
        "datalist",
        "math",
        "audio",
        "video",
    }
)
_VOID = frozenset(
    {"br", "hr", "img", "input", "link", "meta", "area", "base", "col", "embed", "source", "track", "wbr"}
)
_BLOCKS = frozenset({"p", "br", "div", "li", "ul", "ol", "tr", "table", "section", "article", "blockquote", "hr"}) | {
    f"h{level}" for level in range(1, 7)
}

_ZERO = r"[-+]?(?:0+(?:\.0+)?|\.0+)(?:px|em|rem|pt|%|vw|vh)?(?![\d.])"
_UNSEEN_STYLE = re.compile(
    r"(?:^|[;{\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|content-visibility\s*:\s*hidden"
    rf"|font(?:-size)?\s*:\s*(?:{_ZERO}|0?\.\d+(?:px|pt)|0?\.[0-2]\d*r?em|1px)|opacity\s*:\s*(?:{_ZERO}|0?\.0\d*)"
    rf"|(?:max-)?(?:width|height)\s*:\s*{_ZERO}|(?:left|right|top|bottom|text-indent)\s*:\s*-\d{{3,}}"
    r"|(?<!-)color\s*:\s*(?:transparent|rgba\([^)]*,\s*0?\.?0+\s*\))|clip(?:-path)?\s*:\s*(?:rect\(0|inset\((?:50|100)%)"
    r"|transform\s*:\s*scale[xy]?\(0)",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"(?:^|[;{\s])color\s*:\s*([^;}!]+)", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?:^|[;{\s])background(?:-color)?\s*:\s*([^;}!]+)", re.IGNORECASE)
_WHITE = re.compile(
    r"(?:white|snow|ivory|#f[cdef]f[cdef]f[cdef]|#fff|rgba?\((?:25[0-5]\s*,\s*){2}25[0-5]\b.*)\Z", re.IGNORECASE
)
_UNSEEN_CLASS = re.compile(r"(?:^|\s)(?:sr-only|visually-hidden|screen-reader-text|hidden|d-none|invisible)(?:\s|$)")
_SHEET = re.compile(r"<style[^<>]{0,200}>([^<]{0,20000})", re.IGNORECASE)
_RULE = re.compile(r"([^{}]{1,200})\{([^{}]{1,500})\}")
_SELECTOR = re.compile(r"[.#][\w-]+(?=\s*(?:,|$))")


def visible(page: str) -> str:
    """Text of a page that is shown: without comments, attributes, scripts, styles and elements that are hidden.

    Hidden is what ``hidden`` and ``aria-hidden`` say, a style in the element or for its class or id that shows nothing
    (no display, no size, no opacity, off the page), and white on no other background. Takes time that grows with the
    page's length and not faster.
    """
    parts, at = [], 0
    while (start := page.find("<!--", at)) >= 0:
        parts.append(page[at:start])
        end = page.find("-->", start + 4)
        at = end + 3 if end >= 0 else len(page)  # a comment that does not end hides the rest
    parts.append(page[at:])
    whole = "".join(parts)
    parser = _Visible(_unseen_selectors(whole))
    parser.feed(_DECLARATION.sub(" ", _OPEN_FOREVER.sub(" ", _CDATA.sub(" ", whole))))
    parser.close()
    return "".join(parser.parts)


def _unseen_selectors(page: str) -> frozenset[str]:
    """Classes and ids, with their ``.`` or ``#``, that a style sheet in the page hides."""
    return frozenset(
        selector
        for sheet in _SHEET.findall(page)
        for selectors, declarations in _RULE.findall(sheet)
        if _UNSEEN_STYLE.search(declarations)
        for selector in _SELECTOR.findall(selectors.strip())
    )


class _Visible(HTMLParser):
    """Keeps the data outside hidden elements."""

    def __init__(self, unseen: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = unseen
        self._hidden: list[str] = []  # open elements from the outermost hidden one inwards
        self._coloured: list[str] = []  # open elements from the outermost with a background inwards

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag in _VOID:
            return
        named = {name: value or "" for name, value in attrs}
        if self._hidden or self._hides(tag, named):
            self._hidden.append(tag)
        background = _BACKGROUND.search(named.get("style", ""))
        if self._coloured or named.get("bgcolor") or (background and not _WHITE.match(background.group(1).strip())):
            self._coloured.append(tag)

    def _hides(self, tag: str, named: dict[str, str]) -> bool:
        style = named.get("style", "")
        if (
            tag in _UNREAD
            or "hidden" in named
            or named.get("aria-hidden", "").casefold() == "true"
            or (tag == "dialog" and "open" not in named)
            or (tag == "font" and named.get("size") == "0")
            or _UNSEEN_STYLE.search(style) is not None
            or _UNSEEN_CLASS.search(named.get("class", "")) is not None
        ):
            return True
        selectors = {f".{name}" for name in named.get("class", "").split()} | {f"#{named.get('id', '')}"}
        return not self._unseen.isdisjoint(selectors) or self._unreadable(style, named.get("color", ""))

    def _unreadable(self, style: str, font_colour: str) -> bool:
        """Whether text is as white as what it stands on, or of its background's very colour."""
        declared = _COLOUR.search(style)
        colour = (declared.group(1) if declared else font_colour).strip().casefold()
        background = _BACKGROUND.search(style)
        if background is not None:
            behind = background.group(1).strip().casefold()
            return bool(colour) and (colour == behind or bool(_WHITE.match(colour) and _WHITE.match(behind)))
        return not self._coloured and _WHITE.match(colour) is not None

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        for stack in (self._hidden, self._coloured):
            if tag in stack:  # an unclosed inner element ends with its parent
                while stack.pop() != tag:
                    pass

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
