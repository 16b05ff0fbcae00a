"""How much of an upload is taken."""

from __future__ import annotations

from collections.abc import Iterator

from feedsmith.errors import UploadError

MAX_ROW_BYTES = 2**20
# Of a row that is too long, as much is kept to show which one it was.
SHOWN_BYTES = 1_000


def at_most(blocks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """The blocks, as long as they do not add up to more than ``limit`` bytes; then ``UploadError``."""
    total = 0
    for block in blocks:
        total += len(block)
        if total > limit:
            raise UploadError(
                f"the upload holds more than {limit} bytes (FEEDSMITH_MAX_UPLOAD_BYTES): split it into several"
            )
        yield block
