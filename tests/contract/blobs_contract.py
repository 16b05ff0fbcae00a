"""What every blob store does. An adapter's test inherits :class:`BlobsContract` and gives the fixture ``blobs``."""

from __future__ import annotations

import pytest

from feedsmith.errors import UploadError
from feedsmith.stores.objects import Blobs

MIB = 1024 * 1024
BUCKET = "uploads"


class BlobsContract:
    """``blobs`` has an empty, versioned bucket ``uploads``."""

    def test_a_long_object_comes_in_blocks(self, blobs: Blobs) -> None:
        body = bytes(range(256)) * 4096 * 2 + b"end"  # 2 MiB and 3 bytes
        blobs.write(BUCKET, "a.jsonl", body)
        blocks = list(blobs.stream(BUCKET, "a.jsonl"))
        assert b"".join(blocks) == body
        assert max(map(len, blocks)) <= MIB

    def test_a_prefix_is_deleted_with_its_old_versions(self, blobs: Blobs) -> None:
        for key in ("acme/a", "acme/a", "acme/b/c", "acmes/a"):
            blobs.write(BUCKET, key, b"x")
        assert blobs.delete(BUCKET, "acme/") == 3
        assert blobs.keys(BUCKET) == ["acmes/a"]
        assert blobs.delete(BUCKET, "acme/") == 0

    def test_an_empty_object_has_no_bytes(self, blobs: Blobs) -> None:
        blobs.write(BUCKET, "empty", b"")
        assert b"".join(blobs.stream(BUCKET, "empty")) == b""

    def test_a_range_ends_before_its_end(self, blobs: Blobs) -> None:
        blobs.write(BUCKET, "a", b"0123456789")
        assert blobs.read_range(BUCKET, "a", 0, 1) == b"0"
        assert blobs.read_range(BUCKET, "a", 3, 7) == b"3456"
        assert blobs.read_range(BUCKET, "a", 9, 10) == b"9"
        assert blobs.read_range(BUCKET, "a", 4, 4) == b""

    def test_a_range_beyond_the_end_is_no_range(self, blobs: Blobs) -> None:
        blobs.write(BUCKET, "a", b"0123456789")
        for start, end in ((5, 11), (10, 12)):
            with pytest.raises(UploadError, match=r"s3://uploads/a .*upload"):
                blobs.read_range(BUCKET, "a", start, end)

    def test_a_version_is_read_after_it_was_replaced(self, blobs: Blobs) -> None:
        version = blobs.write(BUCKET, "a", b"first")
        blobs.write(BUCKET, "a", b"second one")
        assert b"".join(blobs.stream(BUCKET, "a")) == b"second one"
        assert b"".join(blobs.stream(BUCKET, "a", version)) == b"first"
        assert blobs.read_range(BUCKET, "a", 1, 3, version) == b"ir"

    def test_keys_may_have_any_characters(self, blobs: Blobs) -> None:
        key = "acme/news/日報 & more (1)+#?.jsonl"
        blobs.write(BUCKET, key, b"x")
        assert b"".join(blobs.stream(BUCKET, key)) == b"x"

    def test_an_object_is_read_as_a_whole_or_is_not_there(self, blobs: Blobs) -> None:
        blobs.write(BUCKET, "a", b"old")
        blobs.write(BUCKET, "a", b"new")
        assert blobs.read(BUCKET, "a") == b"new"
        assert blobs.read(BUCKET, "b") is None

    def test_keys_are_listed_by_their_beginning(self, blobs: Blobs) -> None:
        for key in ("models/b", "models/a", "modelsx", "other"):
            blobs.write(BUCKET, key, b"x")
        assert blobs.keys(BUCKET, "models/") == ["models/a", "models/b"]
        assert blobs.keys(BUCKET) == ["models/a", "models/b", "modelsx", "other"]
        assert blobs.keys(BUCKET, "none/") == []

    def test_an_absent_object_is_named(self, blobs: Blobs) -> None:
        blobs.write(BUCKET, "there", b"x")
        with pytest.raises(UploadError, match=r"s3://uploads/gone .*upload"):
            list(blobs.stream(BUCKET, "gone"))
        with pytest.raises(UploadError, match=r"s3://uploads/gone .*upload"):
            blobs.read_range(BUCKET, "gone", 0, 1)
        with pytest.raises(UploadError, match=r"s3://uploads/there \(version [\w-]+\).*upload"):
            list(blobs.stream(BUCKET, "there", "0b5a3d0e-0000-4000-8000-000000000000"))
