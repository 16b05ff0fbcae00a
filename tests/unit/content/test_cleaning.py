"""Cleaning hostile text: bounded work, and no markup that comes back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.content.cleaning import clean


@pytest.mark.parametrize(
    "page",
    [
        "<a " * 66_000,
        "<|" * 50_000 + "a" + "|>" * 50_000,
        "<!--" * 50_000,
        "<" * 200_000,
        "&lt;" * 50_000,
        "<b x='" * 30_000,
        "<b x='>" * 30_000,
        "</a " * 50_000,
        "<![CDATA[>" * 20_000,
        "<\u200b" * 100_000,
        "<script>" * 25_000,
        "<p hidden>" * 3_000 + "</i>" * 40_000,
    ],
    ids=[
        "open tags",
        "fences",
        "comments",
        "brackets",
        "entities",
        "quotes",
        "quoted ends",
        "open end tags",
        "sections",
        "parted tags",
        "scripts",
        "hidden",
    ],
)
def test_a_hostile_page_is_read_in_little_time(page: str) -> None:
    # Quadratic reading takes minutes here, and the test's own timeout ends it.
    assert clean(clean(page)) == clean(page)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("A &lt;img src=x onerror=alert(1)&gt; B", "A B"),
        ("A &amp;lt;b&amp;gt; B", "A B"),
        ("<p>x<3 and AT&T</p>", "x<3 and AT&T"),
        ("A <!-- hidden --> B <!-- open", "A B"),
        ("A <\u200bscript>x()</script> B", "A B"),
        ("A <![/b >B", "A B"),  # no declaration that a parser knows
        ("<![CDATA[<p>A B</p>]]>", "A B"),
        # Ten times escaped: each of four rounds takes one "amp;" of nine away, then the ampersand goes.
        ("A &" + "amp;" * 9 + "lt;b&gt; B", "A " + "amp;" * 5 + "lt;b> B"),
        ("\u200b\u3164\u2800<b></b>", ""),
    ],
)
def test_what_was_escaped_does_not_become_markup(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert clean(cleaned) == cleaned


_PIECES = [
    "<", "</", ">", "b", "script", " ", "&lt;", "&gt;", "&amp;", "lt;", "&#60;", "\u200b", "<|", "|>", "[INST]",
    "<!--", "-->", "<?", "<![", "<!x>", "]]>", "'", "=", "\n",
]  # fmt: skip


@settings(print_blob=True)
@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_no_pieces_of_markup_put_a_tag_together(text: str) -> None:
    cleaned = clean(text)
    assert not re.search(r"<[a-zA-Z!/?]", cleaned)
    assert clean(cleaned) == cleaned
