from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.access.keysets import FRESH_S, LAST_GOOD_S, RETRY_S, KeySets
from feedsmith.errors import StoreUnavailable
from support.door import Published

URI = "https://id.example.com/jwks.json"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def published() -> Published:
    published = Published()
    published.publish(URI, key("k1"))
    return published


@pytest.fixture
def key_sets(published: Published, clock: Clock) -> KeySets:
    return KeySets(published, clock)


def key(kid: str, **more: str) -> dict[str, str]:
    return {"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": kid, **more}


def test_a_key_is_found_without_asking_again_while_the_set_is_fresh(
    key_sets: KeySets, published: Published, clock: Clock
) -> None:
    assert key_sets.find(URI, "k1") == {"kty": "RSA", "n": "AQ", "e": "AQAB"}
    clock.now += FRESH_S - 1
    assert key_sets.find(URI, "k1") is not None
    assert len(published.asked) == 1
    clock.now += 1
    assert key_sets.find(URI, "k1") is not None
    assert len(published.asked) == 2


def test_made_up_ids_make_us_ask_once_in_half_a_minute(key_sets: KeySets, published: Published, clock: Clock) -> None:
    # GIVEN a set that is known
    assert key_sets.find(URI, "k1")
    clock.now += RETRY_S
    # WHEN a thousand made-up ids come
    assert [key_sets.find(URI, f"made-up-{n}") for n in range(1_000)] == [None] * 1_000
    # THEN the issuer was asked once more, and again only after a while
    assert len(published.asked) == 2
    clock.now += RETRY_S - 0.1
    assert key_sets.find(URI, "more") is None
    assert len(published.asked) == 2
    clock.now += 0.1
    assert key_sets.find(URI, "more") is None
    assert len(published.asked) == 3


def test_a_new_key_is_found_as_soon_as_we_may_ask(key_sets: KeySets, published: Published, clock: Clock) -> None:
    assert key_sets.find(URI, "k1")
    published.publish(URI, key("k2"))
    assert key_sets.find(URI, "k2") is None  # asked a moment ago
    clock.now += RETRY_S
    assert key_sets.find(URI, "k2") is not None
    assert key_sets.find(URI, "k1") is None  # withdrawn


def test_the_last_good_set_holds_for_a_day_while_the_issuer_is_down(
    key_sets: KeySets, published: Published, clock: Clock
) -> None:
    assert key_sets.find(URI, "k1")
    published.documents[URI] = None

    clock.now += LAST_GOOD_S - 1
    assert key_sets.find(URI, "k1") is not None
    with pytest.raises(StoreUnavailable):  # it may be new; nobody can tell now
        key_sets.find(URI, "k2")
    clock.now += 1
    with pytest.raises(StoreUnavailable, match="issuers list"):
        key_sets.find(URI, "k1")


def test_an_issuer_that_is_down_is_not_hammered(key_sets: KeySets, published: Published, clock: Clock) -> None:
    published.documents[URI] = None

    for _ in range(100):
        with pytest.raises(StoreUnavailable):
            key_sets.find(URI, "k1")
    assert len(published.asked) == 1

    published.publish(URI, key("k1"))
    clock.now += RETRY_S
    assert key_sets.find(URI, "k1") is not None


def test_one_download_serves_all_who_wait(clock: Clock) -> None:
    class Slow(Published):
        def __call__(self, url: str) -> bytes:
            begun.set()
            assert go_on.wait(10)
            return super().__call__(url)

    begun, go_on = threading.Event(), threading.Event()
    published = Slow()
    published.publish(URI, key("k1"))
    key_sets = KeySets(published, clock)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(key_sets.find, URI, "k1") for _ in range(8)]
        assert begun.wait(10)
        go_on.set()

        assert all(each.result(10) for each in found)
    assert len(published.asked) == 1


def test_only_public_members_of_signing_keys_are_kept(key_sets: KeySets, published: Published) -> None:
    published.documents[URI] = json.dumps({
        "keys": [
            key("k1", alg="RS256", d="private", x5u="https://evil.example"),
            key("k1", n="BB"),
            key("enc", use="enc"),
            {"kty": "RSA"},
            "no key",
        ]
    }).encode()  # fmt: skip

    assert key_sets.find(URI, "k1") == {"kty": "RSA", "n": "AQ", "e": "AQAB", "alg": "RS256"}
    assert key_sets.find(URI, "enc") is None


@pytest.mark.parametrize(
    "document",
    [b"", b"{", b"[]", b"null", b'{"keys": 7}', b'{"keys": null}', b"[" * 100_000, b"\xff",
     json.dumps({"keys": [{"kid": str(n)} for n in range(101)]}).encode()],
)  # fmt: skip
def test_what_is_no_key_set_is_as_good_as_no_answer(key_sets: KeySets, published: Published, document: bytes) -> None:
    published.documents[URI] = document

    with pytest.raises(StoreUnavailable):
        key_sets.find(URI, "k1")


@settings(print_blob=True)
@given(st.lists(st.tuples(st.floats(0, 120), st.sampled_from(["k1", "k2", "zz"]), st.booleans()), max_size=60))
def test_whatever_comes_an_issuer_is_asked_at_most_every_half_minute(steps: list[tuple[float, str, bool]]) -> None:
    clock, published = Clock(), Published()
    times = []

    class Watched(Published):
        def __call__(self, url: str) -> bytes:
            times.append(clock.now)
            return published(url)

    key_sets = KeySets(Watched(), clock)
    for wait_s, kid, up in steps:
        clock.now += wait_s
        published.publish(URI, key("k1"))
        if not up:
            published.documents[URI] = None
        try:
            key_sets.find(URI, kid)
        except StoreUnavailable:
            continue
    assert all(later - earlier >= RETRY_S for earlier, later in pairwise(times))
