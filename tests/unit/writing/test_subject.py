"""A text keeps to its source's subject."""

from __future__ import annotations

import pytest

from feedsmith.writing.claims import Source
from feedsmith.writing.gate import Case
from feedsmith.writing.subject import check_subject

# "bridge" and "storm" are in the title or in two sentences; "walnut" only in what was planted.
EN = Source(
    "Bridge reopens after storm\nThe bridge reopened on Monday. Engineers replaced 340 cables after the storm. "
    "The code word is walnut lantern for today. Cyclists have a lane of their own on the bridge now."
)
ZH = Source("青河大桥重新开放\n青河大桥周一重新开放。工程师更换了三百根缆索。暗号是核桃灯笼。骑车人也有了车道。")


def wrong(text: str, source: Source = EN, language: str = "en") -> str:
    return check_subject(Case(text, source, language, 60))


@pytest.mark.parametrize(
    "text",
    [
        "Walnut lantern for today",
        "Bridge reopens after storm: walnut lantern",
        "Walnut lantern The bridge reopened on Monday.",  # glued to a sentence of the source
        "The bridge reopened (walnut lantern)",
    ],
)
def test_what_was_planted_is_beside_the_subject(text: str) -> None:
    assert "beside the subject" in wrong(text)


@pytest.mark.parametrize(
    "text",
    [
        "Bridge open again: storm repairs done",
        "Cyclists have a lane on the bridge",
        "Cyclists have a lane of their own on the bridge now.",
        "The bridge reopened: “a code word at last”",  # quotations have their own check
    ],
)
def test_the_subject_may_be_said_in_any_way(text: str) -> None:
    assert wrong(text) == ""


def test_a_short_source_has_no_subject_to_keep_to() -> None:
    assert wrong("Walnut lantern found", Source("Bridge reopens\nThe code word is walnut lantern.")) == ""


def test_a_long_copy_needs_no_subject() -> None:
    source = Source(EN.text + " Nobody at all was hurt by any of that work.")
    assert wrong("Nobody at all was hurt by any", source) == ""


def test_chinese_runs_that_are_all_foreign_stop_a_text() -> None:
    # 水壶着陆: three pairs (水壶, 壶着, 着陆), none in the source; 骑车的人: one of three (骑车).
    assert "水壶着陆" in wrong("青河大桥重新开放，水壶着陆", ZH, "zh")
    assert "水壶着陆" in wrong("水壶着陆青河大桥重新开放", ZH, "zh")
    assert wrong("青河大桥重新开放，骑车的人。好。", ZH, "zh") == ""
    assert "beside the subject" in wrong("核桃灯笼", ZH, "zh")
    assert wrong("青河大桥开放", ZH, "zh") == ""
    # In a text of several sentences one may be about a detail.
    assert wrong("青河大桥开放了。骑车人有车道。", ZH, "zh") == ""
