"""Gzip, decompressed as a stream in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from feedsmith.errors import UploadError

BLOCK = 2**18
# Below this many bytes, no expansion is suspicious: a short file of blanks compresses a thousandfold.
INNOCENT_BYTES = 16 * 2**20
_GZIP = 31  # zlib's wbits for a gzip header and trailer


def gunzip(blocks: Iterator[bytes], max_expansion: int) -> Iterator[bytes]:
    """The decompressed bytes of one or more gzip members (RFC 1952) in blocks of at most ``BLOCK`` bytes.

    Zero bytes after the last member are padding, as for gzip itself.

    Raises
    ------
    UploadError
        Not gzip, damaged, cut off, followed by something else, or more than ``max_expansion`` times larger than
        what it was decompressed from.
    """
    member = None
    first = True
    taken = given = 0
    for block in blocks:
        taken += len(block)
        rest = block
        while rest:
            if member is None:
                rest = rest if first else rest.lstrip(b"\0")
                if not rest:
                    break
                member, first = zlib.decompressobj(_GZIP), False
            try:
                plain = member.decompress(rest, BLOCK)
            except zlib.error as error:
                raise UploadError(
                    f"gzip is damaged or followed by something else near byte {taken - len(rest)} ({error}): "
                    "compress and upload it again"
                ) from error
            given += len(plain)
            if given > INNOCENT_BYTES and given > max_expansion * taken:
                raise UploadError(
                    f"gzip expands more than {max_expansion} times (FEEDSMITH_MAX_EXPANSION): upload it uncompressed"
                )
            if plain:
                yield plain
            rest = member.unused_data if member.eof else member.unconsumed_tail
            member = None if member.eof else member
    if member is not None:
        raise UploadError(f"gzip is cut off after {taken} bytes: upload it again")
