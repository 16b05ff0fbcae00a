from __future__ import annotations

import pytest

from contract.blobs_contract import BlobsContract
from support.ledger import InMemoryBlobs


class TestInMemoryBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self) -> InMemoryBlobs:
        return InMemoryBlobs()

    def test_buckets_are_apart(self, blobs: InMemoryBlobs) -> None:
        for bucket, key in (("work", "b"), ("work", "a"), ("uploads", "c")):
            blobs.write(bucket, key, b"x")
        assert blobs.keys("work") == ["a", "b"]
