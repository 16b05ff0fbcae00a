"""Redaction: what is masked, what is left, and that nothing else changes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.content.extractors import load_extractor
from feedsmith.privacy.redaction import Redactor

REDACT = Redactor(load_extractor("rules"))


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("mail ann@example.com or call +1 415 555 2671", "mail [email] or call [phone]"),
        ("我叫张伟，电话13800138000，身份证11010519491231002X", "我叫[name]，电话[phone]，身份证[national_id]"),
        ("电话１３８００１３８０００", "电话[phone]"),
        ("card 4111 1111 1111 1111, IBAN GB29 NWBK 6016 1331 9268 19", "card [card], IBAN [iban]"),
        ("ssn 536221234", "ssn [national_id]"),
    ],
)
def test_each_find_is_named_by_its_kind(text: str, redacted: str) -> None:
    assert REDACT(text) == redacted


def test_a_name_is_masked_where_it_is_somebody_s_own_and_left_where_it_is_what_is_sought() -> None:
    assert REDACT("I am Susan Clark and like Lionel Messi") == "I am [name] and like Lionel Messi"
    assert REDACT("Lionel Messi goals") == "Lionel Messi goals"
    assert REDACT("我叫张伟，想看王菲演唱会") == "我叫[name]，想看王菲演唱会"


def test_a_number_of_the_same_form_without_its_check_digit_is_left() -> None:
    assert REDACT("order 4111 1111 1111 1112") == "order 4111 1111 1111 1112"
    assert REDACT("编号110105194912310021") == "编号110105194912310021"


def test_the_mask_can_be_empty_for_a_search() -> None:
    assert REDACT("jazz ann@example.com concerts", mask="") == "jazz  concerts"


@settings(max_examples=50, deadline=None, print_blob=True)
@given(st.text(max_size=60))
def test_what_is_not_found_stays_as_it_is(text: str) -> None:
    found = REDACT.find(text)
    assert all(before.end <= after.start for before, after in pairwise(found))
    left = "".join(c for at, c in enumerate(text) if not any(one.start <= at < one.end for one in found))
    assert REDACT(text, mask="") == left
