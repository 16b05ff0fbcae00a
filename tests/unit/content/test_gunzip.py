from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Iterator

import pytest

from feedsmith.content.uploads.gunzip import BLOCK, INNOCENT_BYTES, gunzip
from feedsmith.errors import UploadError

TEXT = os.urandom(500).hex().encode() * 2_000


def read(data: bytes, size: int = 1_000, max_expansion: int = 200) -> bytes:
    return b"".join(gunzip((data[i : i + size] for i in range(0, len(data), size)), max_expansion))


@pytest.mark.parametrize("size", [1, 17, 2**20])
def test_members_follow_each_other(size: int) -> None:
    assert read(gzip.compress(b"one\n") + gzip.compress(b"two\n") + gzip.compress(b""), size) == b"one\ntwo\n"


def test_large_text_comes_back_in_bounded_blocks() -> None:
    packed = gzip.compress(TEXT)
    blocks = list(gunzip(iter([packed]), 1_000))
    assert b"".join(blocks) == TEXT
    assert max(map(len, blocks)) <= BLOCK


@pytest.mark.parametrize("size", [3, 2**20])
def test_zero_padding_is_left_out(size: int) -> None:
    assert read(gzip.compress(b"one") + b"\0" * 20, size) == b"one"


def test_nothing_is_nothing() -> None:
    assert read(b"") == b""


@pytest.mark.parametrize("cut", [1, 5, 12, 20])
def test_a_cut_off_file_gives_what_it_has_and_says_so(cut: int) -> None:
    packed = gzip.compress(b"rows and rows")
    with pytest.raises(UploadError, match=f"cut off after {len(packed) - cut} bytes"):
        read(packed[:-cut])


@pytest.mark.parametrize(
    "data",
    [b"plain text", gzip.compress(b"one") + b"garbage", b"\0" + gzip.compress(b"one")],
    ids=["plain", "garbage behind", "garbage before"],  # the bytes hold the time of day
)
def test_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(UploadError, match="damaged or followed by something else"):
        read(data)


def test_a_wrong_checksum_is_refused() -> None:
    packed = bytearray(gzip.compress(b"one"))
    packed[-8] ^= 1
    with pytest.raises(UploadError, match="damaged"):
        read(bytes(packed))


def test_a_bomb_is_stopped_before_it_fills_the_memory() -> None:
    """GIVEN 256 MiB of zeros in about 260 kB, a ratio of 1,000."""
    bomb = gzip.compress(b"\0" * 2**28, compresslevel=6)
    blocks: Iterator[bytes] = gunzip(iter([bomb[i : i + 1_000] for i in range(0, len(bomb), 1_000)]), 200)
    tracemalloc.start()
    sizes: list[int] = []
    with pytest.raises(UploadError, match="expands more than 200 times"):
        sizes.extend(map(len, blocks))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(sizes) <= INNOCENT_BYTES + BLOCK
    assert peak < 4 * 2**20


def test_a_small_file_may_expand_as_it_likes() -> None:
    blanks = b" " * (INNOCENT_BYTES // 2)
    assert read(gzip.compress(blanks)) == blanks
