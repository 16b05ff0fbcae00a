from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from urllib3.exceptions import ProtocolError

from contract.blobs_contract import BUCKET, MIB, BlobsContract
from feedsmith.errors import ConfigurationError, StoreUnavailable, UploadError
from feedsmith.stores import aws
from feedsmith.stores.s3 import S3Blobs
from support.aws import REGION, mock_region


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_region():
        client = aws.client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


class BreakingRaw(io.BytesIO):
    """A connection that breaks where its bytes end, and takes a half-read block with it as urllib3's does."""

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        if size is None or len(block) < size:
            raise ProtocolError("Connection broken")
        return block


class BreakingClient:
    """S3 with one object, whose connections break after ``lengths`` bytes each; the last one lasts."""

    def __init__(self, body: bytes, lengths: list[int]) -> None:
        self.body = body
        self.lengths = lengths
        self.requests: list[dict[str, str]] = []

    def get_object(self, **request: str) -> dict[str, Any]:
        self.requests.append(request)
        start = int(request.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        rest = self.body[start:]
        if self.lengths:
            return {"ETag": '"1"', "Body": StreamingBody(BreakingRaw(rest[: self.lengths.pop(0)]), len(rest))}
        return {"ETag": '"1"', "Body": StreamingBody(io.BytesIO(rest), len(rest))}


class TestS3Blobs(BlobsContract):
    @pytest.fixture
    def blobs(self, client: Any) -> S3Blobs:
        return S3Blobs(client)

    def test_a_broken_connection_is_taken_up_again_at_the_same_byte(self) -> None:
        # GIVEN 2.5 MiB, and connections that break after 1.5 MiB and at once
        body = bytes(range(256)) * (4096 * 5 // 2)
        client = BreakingClient(body, [MIB * 3 // 2, 0])
        # WHEN the object is read
        blocks = list(S3Blobs(client).stream(BUCKET, "a", "v1"))
        # THEN no byte is lost or doubled: the half block that broke off is read again
        assert b"".join(blocks) == body
        ranges = [request.get("Range") for request in client.requests]
        assert ranges == [None, f"bytes={MIB}-", f"bytes={MIB}-"]
        # AND all connections read the same object
        assert [request.get("IfMatch") for request in client.requests] == [None, '"1"', '"1"']
        assert {request["VersionId"] for request in client.requests} == {"v1"}

    def test_a_connection_that_keeps_breaking_ends_the_upload(self) -> None:
        client = BreakingClient(b"0123456789", [5, 5, 5])
        with pytest.raises(
            UploadError, match=r"s3://uploads/a cannot be read: its connection broke 3 times.*upload the object again"
        ):
            S3Blobs(client).read_range(BUCKET, "a", 0, 10)

    def test_an_object_that_is_replaced_while_it_is_read_is_not_mixed(self, client: Any) -> None:
        # GIVEN an object of 2 MiB of which one block is read
        client.put_object(Bucket=BUCKET, Key="a", Body=b"1" * 2 * MIB)
        first = client.get_object(Bucket=BUCKET, Key="a")
        broken = first | {"Body": StreamingBody(BreakingRaw(b"1" * MIB), 2 * MIB)}
        answers = iter([broken])

        class Once:
            @staticmethod
            def get_object(**request: str) -> Any:
                return next(answers, None) or client.get_object(**request)

        blocks = S3Blobs(Once()).stream(BUCKET, "a")
        assert next(blocks) == b"1" * MIB
        # WHEN it is replaced before the next
        client.put_object(Bucket=BUCKET, Key="a", Body=b"2" * 2 * MIB)
        # THEN its bytes do not follow those of the first
        with pytest.raises(UploadError, match="it was replaced while it was read"):
            next(blocks)

    def test_a_reader_that_stops_early_closes_its_connection(self) -> None:
        raw = io.BytesIO(b"x" * 2 * MIB)

        class Client:
            @staticmethod
            def get_object(**request: str) -> Any:
                return {"ETag": '"1"', "Body": StreamingBody(raw, 2 * MIB)}

        blocks = S3Blobs(Client()).stream(BUCKET, "a")
        next(blocks)
        assert not raw.closed
        del blocks
        assert raw.closed

    def test_a_forbidden_object_names_both_causes(self, client: Any) -> None:
        with Stubber(client) as stubber:
            stubber.add_client_error("get_object", "AccessDenied")
            with pytest.raises(UploadError, match=r"not there .*or the role lacks s3:GetObject"):
                S3Blobs(client).read_range(BUCKET, "a", 0, 1)

    def test_trouble_that_may_pass_does_not_end_the_upload(self, client: Any) -> None:
        with Stubber(client) as stubber:
            stubber.add_client_error("get_object", "SlowDown")
            with pytest.raises(StoreUnavailable, match="S3 bucket 'uploads' answered SlowDown to GetObject: try again"):
                S3Blobs(client).read_range(BUCKET, "a", 0, 1)

        class Unreachable:
            @staticmethod
            def get_object(**request: str) -> Any:
                raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            list(S3Blobs(Unreachable()).stream(BUCKET, "a"))

    def test_a_whole_object_that_breaks_off_may_be_read_again(self) -> None:
        class Client:
            @staticmethod
            def get_object(**request: str) -> Any:
                return {"Body": StreamingBody(io.BytesIO(b"half"), 8)}

        with pytest.raises(StoreUnavailable, match="'uploads' broke off an object"):
            S3Blobs(Client()).read(BUCKET, "a")

    def test_an_object_that_must_not_be_read_is_not_taken_for_an_absent_one(self, client: Any) -> None:
        with Stubber(client) as stubber:
            stubber.add_client_error("get_object", "AccessDenied")
            with pytest.raises(ConfigurationError, match="AccessDenied"):
                S3Blobs(client).read(BUCKET, "a")

    def test_an_absent_bucket_names_its_setting(self, blobs: S3Blobs) -> None:
        with pytest.raises(ConfigurationError, match=r"'nowhere'.*FEEDSMITH_WORK_BUCKET"):
            blobs.write("nowhere", "a", b"x")
        with pytest.raises(ConfigurationError, match=r"'nowhere'.*FEEDSMITH_UPLOADS_BUCKET"):
            blobs.read_range("nowhere", "a", 0, 1)
        with pytest.raises(ConfigurationError, match=r"'nowhere'.*FEEDSMITH_MODELS_BUCKET"):
            blobs.read("nowhere", "a")
        with pytest.raises(ConfigurationError, match=r"'nowhere'.*FEEDSMITH_MODELS_BUCKET"):
            blobs.keys("nowhere")
