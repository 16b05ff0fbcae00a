"""What may be logged: what went wrong and where, never who read what."""

from __future__ import annotations

import logging
from typing import Final

# Below WARNING these write requests and answers, and with them who read what, whatever level the root logger has.
_TALKATIVE: Final = (
    "boto3", "botocore", "grpc", "h2", "hpack", "httpcore", "httpx", "openai", "qdrant_client", "s3transfer", "urllib3",
)  # fmt: skip


def quiet_libraries() -> None:
    """Let the libraries that carry users' data warn of what goes wrong, and say nothing else, at any log level."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
