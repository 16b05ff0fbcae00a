"""Every error feedsmith raises on purpose.

::

    FeedsmithError
    ├── InvalidRequest          400  the request is not something we can read
    │   ├── ValidationFailed    422  a field is wrong, missing or unknown; names its path
    │   └── TooLarge            413  too many rows or too many bytes
    ├── Unauthorized            401  no valid credentials
    ├── Forbidden               403  valid credentials, for something else
    ├── NotFound                404  no such item, user, segment or ingestion
    ├── StoreUnavailable        503  Qdrant, DynamoDB or S3 does not answer; try again
    ├── ConfigurationError      500  a setting is missing or contradicts another
    │   ├── EmbedderMismatch         a collection holds another embedder's vectors
    │   └── KeyGone                  a record's key was retired, or deleted with its tenant
    ├── UploadError             -    an uploaded object cannot be read on; ends its ingestion
    ├── TooLittleData           -    a log has too few clicks to train a ranker from
    └── WriterError             -    a model failed, was late or said nothing; the original text is served
        ├── BudgetExhausted          the day's tokens or money are spent; the model was not asked
        └── WriterUnavailable        the model's service does not work, whatever it is asked

Each message says what happened, where, and how to mend it. ``title``, ``status`` and ``shown`` are what the
HTTP API answers as ``application/problem+json`` (RFC 9457); the message itself is for the log where the fault is ours.
"""

from __future__ import annotations

from typing import ClassVar


class FeedsmithError(Exception):
    """Any error that feedsmith raises on purpose."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    @property
    def detail(self) -> str:
        """What happened and how to mend it."""
        return str(self)

    @property
    def shown(self) -> str:
        """What whoever calls the API gets: of a failure of ours, nothing about how we are built."""
        return self.detail if self.status < 500 else "an error of ours; it was logged"


class InvalidRequest(FeedsmithError):
    """The request cannot be read."""

    status = 400
    title = "Invalid request"


class ValidationFailed(InvalidRequest):
    """A field is wrong, missing or unknown.

    Parameters
    ----------
    errors
        One ``{"path": ..., "message": ...}`` per wrong field; ``path`` is a JSON pointer into the body.
    """

    status = 422
    title = "Validation failed"

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{e['path'] or '/'}: {e['message']}" for e in errors))
        self.errors = errors


class TooLarge(InvalidRequest):
    """Too many rows or too many bytes in one request."""

    status = 413
    title = "Too large"


class Unauthorized(FeedsmithError):
    """The caller brought no valid credentials; the same answer whatever is wrong with them."""

    status = 401
    title = "Unauthorized"

    def __init__(self) -> None:
        super().__init__("send an API key or an access token as 'Authorization: Bearer ...'")


class Forbidden(FeedsmithError):
    """The caller's credentials do not reach this far; the same answer whether or not the thing exists."""

    status = 403
    title = "Forbidden"

    def __init__(self) -> None:
        super().__init__("these credentials may not make this call; it needs another scope, or is about another user")


class NotFound(FeedsmithError):
    """No such item, segment or ingestion."""

    status = 404
    title = "Not found"


class StoreUnavailable(FeedsmithError):
    """A store does not answer; the same call may succeed later.

    Parameters
    ----------
    message
        Which store, and what to check.
    retry_after_s
        Seconds to wait before the next try; becomes the ``Retry-After`` header.
    shown
        What whoever calls the API gets, in place of the message.
    """

    status = 503
    title = "Temporarily unavailable"

    def __init__(
        self, message: str, *, retry_after_s: int = 2, shown: str = "a store does not answer now; call again later"
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self._shown = shown

    @property
    def shown(self) -> str:
        """As it was given."""
        return self._shown


class ConfigurationError(FeedsmithError):
    """A setting is missing, or contradicts another or what is stored."""

    title = "Configuration error"


class EmbedderMismatch(ConfigurationError):
    """A collection was filled by another embedder than the configured one."""

    def __init__(self, collection: str, stored: str, configured: str) -> None:
        super().__init__(
            f"collection {collection!r} holds vectors of embedder {stored!r}, but FEEDSMITH_EMBEDDER is "
            f"{configured!r}: set FEEDSMITH_EMBEDDER={stored.split('@')[0]}, or name a new collection with "
            "FEEDSMITH_COLLECTION_PREFIX and ingest the content again"
        )
        self.stored = stored
        self.configured = configured


class KeyGone(ConfigurationError):
    """A sealed record cannot be opened: its key was retired or deleted, or it was changed."""


class TenantGone(KeyGone):
    """A record is left of a tenant whose keys are all deleted; it may be passed over."""


class UploadError(FeedsmithError):
    """An uploaded object cannot be read on; its ingestion ends as ``failed`` with this reason."""

    title = "Unreadable upload"


class TooLittleData(FeedsmithError):
    """A log has too few clicks to train a ranker from; what serves goes on serving."""


class WriterError(FeedsmithError):
    """A model failed, was late, refused or said nothing; the reader gets the original text.

    Parameters
    ----------
    billed
        Whether tokens may have been paid for: False where the model surely never saw the prompt.
    """

    title = "Writer failed"

    def __init__(self, message: str, *, billed: bool = True) -> None:
        super().__init__(message)
        self.billed = billed


class BudgetExhausted(WriterError):
    """What a tenant may spend on models in a day is spent; texts are extractive until midnight UTC."""

    def __init__(self) -> None:
        super().__init__("the day's budget of tokens or money is spent", billed=False)


class WriterUnavailable(WriterError):
    """The service behind a writer does not answer, is late or refuses every call; another text would fail too."""
