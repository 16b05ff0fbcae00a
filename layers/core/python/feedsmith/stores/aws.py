"""What the AWS adapters share: clients with bounded waits, errors in feedsmith's words, and retries of leftovers."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import botocore.exceptions as aws

from feedsmith.errors import ConfigurationError, StoreUnavailable

Entry = TypeVar("Entry")

# Error codes are AWS's own; a code that is in none of these sets may go away when the call is made again.
_ABSENT = frozenset({
    "ResourceNotFoundException", "NotFoundException", "NoSuchBucket", "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
})  # fmt: skip
_DENIED = frozenset({
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId",
    "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch", "UnrecognizedClientException",
})  # fmt: skip
_REFUSED = frozenset({"ValidationException", "InvalidParameterException", "InvalidRequestException"})

_LEFTOVER_ATTEMPTS = 5
_session_lock = threading.Lock()


@functools.cache
def _session() -> Any:
    # botocore's own session, not boto3's: boto3 imports s3transfer too, which costs a cold start some 25 ms.
    from botocore.session import get_session

    return get_session()


def client(service: str) -> Any:
    """Make a low-level client that waits at most 1 s to connect and 3 s for bytes, and tries three times.

    Parameters
    ----------
    service
        Name of the service as botocore spells it: ``dynamodb``, ``s3``, ``sqs``, ``secretsmanager``.

    Raises
    ------
    ConfigurationError
        No region is set.
    """
    from botocore.config import Config

    config = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
    try:
        with _session_lock:  # clients may be used by several threads, a session may not
            return _session().create_client(service, config=config)
    except aws.NoRegionError as error:
        raise ConfigurationError("no AWS region is set: set AWS_DEFAULT_REGION") from error


def error_code(error: aws.ClientError) -> str:
    """AWS's code of an error, such as ``NoSuchKey``."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


@contextmanager
def translated(resource: str, setting: str) -> Iterator[None]:
    """Turn botocore's errors into feedsmith's.

    Only codes and operation names enter the text: AWS's own messages may quote keys, and keys name users.

    Parameters
    ----------
    resource
        What was called, such as ``DynamoDB table 'x'``.
    setting
        Environment variable that names it.

    Raises
    ------
    ConfigurationError
        The resource is absent, not permitted, or not shaped as the template makes it.
    StoreUnavailable
        Anything else that AWS or the way to it answered, after the client's own retries.
    """
    try:
        yield
    except aws.ClientError as error:
        what = f"{resource} answered {error_code(error)} to {error.operation_name}"
        raise _explained(error_code(error), what, setting) from error
    except (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError) as error:
        raise ConfigurationError(f"{resource} was not called, no AWS credentials: give the process a role") from error
    except (aws.HTTPClientError, aws.ConnectionError) as error:
        raise StoreUnavailable(
            f"{resource} cannot be reached ({type(error).__name__}): try again; if that goes on, check the region, "
            "the network and any AWS_ENDPOINT_URL"
        ) from error


def _explained(code: str, what: str, setting: str) -> ConfigurationError | StoreUnavailable:
    if code in _ABSENT:
        return ConfigurationError(f"{what}: it does not exist; deploy template.yaml, or mend {setting}")
    if code in _DENIED:
        return ConfigurationError(f"{what}: allow it in the role's policy, or renew the credentials")
    if code in _REFUSED:
        return ConfigurationError(f"{what}: it is not made as in template.yaml; deploy the template, or mend {setting}")
    return StoreUnavailable(f"{what}: try again; if that goes on, check the service's throttling metrics and health")


def drain(step: Callable[[Sequence[Entry]], Sequence[Entry]], entries: Sequence[Entry]) -> Sequence[Entry]:
    """Call ``step`` with what the call before left over, up to five times, with growing random pauses.

    Parameters
    ----------
    step
        Takes entries and returns those that the store did not take.

    Returns
    -------
    What is left after the last call; empty when all were taken. The pauses add up to less than 1 s.
    """
    # Imported here: tenacity imports asyncio (some 30 ms), and the authorizer never gets here.
    from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

    def once() -> Sequence[Entry]:
        nonlocal entries
        entries = step(entries)
        return entries

    retrying = Retrying(
        stop=stop_after_attempt(_LEFTOVER_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.05, max=0.5),
        retry=retry_if_result(bool),
        retry_error_callback=lambda state: entries,
    )
    return retrying(once)
