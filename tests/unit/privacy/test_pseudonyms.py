from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsmith.privacy.pseudonyms import Pseudonymizer

KEY = b"0123456789abcdef"


def test_it_is_hmac_sha256_of_tenant_and_user() -> None:
    digest = hmac.new(KEY, b"acme\0ann", hashlib.sha256).digest()[:20]

    assert Pseudonymizer(KEY)("acme", "ann") == base64.b32encode(digest).decode().lower()


def test_tenants_and_keys_separate_the_same_user() -> None:
    same = Pseudonymizer(KEY)

    assert len({same("a", "ann"), same("b", "ann"), Pseudonymizer(KEY[::-1])("a", "ann")}) == 3


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_it_fits_a_key_and_never_shows_the_id(user: str) -> None:
    pseudonym = Pseudonymizer(KEY)("acme", user)

    assert len(pseudonym) == 32
    assert pseudonym.isalnum()
    assert len(user) < 6 or user not in pseudonym


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Pseudonymizer(b"short")
