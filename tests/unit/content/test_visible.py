"""What of a page its reader sees."""

from __future__ import annotations

import pytest

from feedsmith.content.cleaning import clean


@pytest.mark.parametrize(
    "hidden",
    [
        '<span style="opacity:0">x</span>',
        '<span style="opacity: 0.01">x</span>',
        '<span style="color:white">x</span>',
        '<span style="color:#FFFFFF">x</span>',
        '<span style="color:rgb(255, 255, 255)">x</span>',
        '<span style="color:#123456;background:#123456">x</span>',
        '<span style="color:transparent">x</span>',
        '<font color="white">x</font>',
        '<font size="0">x</font>',
        '<span style="font-size:1px">x</span>',
        '<span style="position:absolute;left:-9999px">x</span>',
        '<span style="height:0">x</span>',
        '<span class="sr-only">x</span>',
        '<style>.q{display:none} #z,.w{opacity:0}</style><i class="q">x</i><i id="z">x</i><i class="a w">x</i>',
        "<dialog>x</dialog>",
        "<textarea>x</textarea>",
        "<!-- x -->",
        '<img alt="x" src="y">',
        "![x](http://a.example/p.png)",
        "[//]: # (x)",
        "[note]: <> (x)",
    ],
)
def test_what_is_hidden_is_gone(hidden: str) -> None:
    assert clean(f"Seen.\n{hidden}\nToo.") == "Seen.\nToo."


@pytest.mark.parametrize(
    "shown",
    [
        '<span style="opacity:0.9">x</span>',
        '<span style="height:auto;font-size:0.9em">x</span>',
        '<span style="height: 40px">x</span>',
        '<div style="background:#003"><span style="color:white">x</span></div>',
        '<td bgcolor="black"><font color="white">x</font></td>',
        '<span style="background-color:black;color:white">x</span>',
        '<style>.q{display:none}</style><i class="other">x</i>',
        "<s>x</s>",
        "<dialog open>x</dialog>",
        "[x](http://a.example)",
        "[x][1]",
    ],
)
def test_what_is_shown_stays(shown: str) -> None:
    assert clean(f"Seen. {shown}").split() == ["Seen.", "x"]


@pytest.mark.parametrize(
    "mark", ["<|im_start|>", "[INST]", "<<SYS>>", "＜＜＜", "《《《", "<|endoftext|>", "<start_of_turn>", "[gMASK]"]
)
def test_marks_of_prompts_give_way_to_what_is_asked_for(mark: str) -> None:
    assert clean(f"a {mark} b") == "a b"
    assert clean(f"a {mark} b", fence="\ue000") == "a \ue000 b"
