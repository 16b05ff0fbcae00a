"""Events in the shape in which AWS delivers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

_REGION = "eu-west-1"
_ACCOUNT = "123456789012"


def rest(
    method: str,
    resource: str,
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: str | None = None,
    caller: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A request to a REST API (payload 1.0); ``caller`` is the authorizer's context."""
    url = resource.format_map(path or {})
    headers = {"Accept": "application/json", "Content-Type": "application/json", "Host": "api.example.com"}
    return {
        "resource": resource,
        "path": url,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": dict(path) if path else None,
        "stageVariables": None,
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": "a1b2c3d4e5",
            "authorizer": {"principalId": "caller", "integrationLatency": 7, **caller} if caller else None,
            "httpMethod": method,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "test"},
            "path": f"/prod{url}",
            "protocol": "HTTP/1.1",
            "requestId": "6a7b8c9d-0000-4000-8000-000000000000",
            "resourceId": "abc123",
            "resourcePath": resource,
            "stage": "prod",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def authorizer(method: str, resource: str, authorization: str) -> dict[str, Any]:
    """A question to a REQUEST authorizer."""
    request = rest(method, resource)
    del request["body"], request["isBase64Encoded"]
    request["headers"]["Authorization"] = authorization
    request["multiValueHeaders"]["Authorization"] = [authorization]
    arn = f"arn:aws:execute-api:{_REGION}:{_ACCOUNT}:a1b2c3d4e5/prod/{method}{resource}"
    return {"type": "REQUEST", "methodArn": arn, **request}


def s3_created(bucket: str, key: str, version: str, size: int) -> dict[str, Any]:
    """A new object in a versioned bucket."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": _REGION,
                "eventTime": "2026-01-01T00:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "upload",
                    "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
                    "object": {
                        "key": quote_plus(key, safe="/"),
                        "size": size,
                        "versionId": version,
                        "sequencer": "0055AED6DCD90281E5",
                    },
                },
            }
        ]
    }


def sqs(messages: Sequence[Mapping[str, Any]], queue_arn: str) -> dict[str, Any]:
    """A batch of messages, from what ReceiveMessage returned."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767225600000"},
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": _REGION,
            }
            for message in messages
        ]
    }


def dynamodb_stream(records: Sequence[Mapping[str, Any]], stream_arn: str, shard: str) -> dict[str, Any]:
    """A batch inside a tumbling window, from what GetRecords returned."""
    return {
        "Records": [
            {
                **record,
                "dynamodb": record["dynamodb"]
                | {"ApproximateCreationDateTime": record["dynamodb"]["ApproximateCreationDateTime"].timestamp()},
                "eventSourceARN": stream_arn,
            }
            for record in records
        ],
        "window": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:00:10Z"},
        "state": {},
        "shardId": shard,
        "eventSourceARN": stream_arn,
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }


def schedule() -> dict[str, Any]:
    """What EventBridge Scheduler sends when no input is set."""
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": _ACCOUNT,
        "time": "2026-01-01T00:00:00Z",
        "region": _REGION,
        "resources": [f"arn:aws:scheduler:{_REGION}:{_ACCOUNT}:schedule/default/segments"],
        "detail": "{}",
    }
