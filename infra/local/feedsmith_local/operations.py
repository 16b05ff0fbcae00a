"""What only whoever runs this stack may do: its ledger lies in its process, where no AWS credentials reach it.

In the cloud keys are made with AWS credentials, and no route of the API makes them: whoever steals a key cannot make
another. Here the stack's own key stands for those credentials, on a path that the API itself does not have.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol

from pydantic import ValidationError

from feedsmith.access.admin import AccessAdmin
from feedsmith.errors import FeedsmithError
from feedsmith_local.access import ACTION, perform
from feedsmith_local.exposition import CONTENT_TYPE
from feedsmith_local.exposition import PATH as METRICS
from feedsmith_local.gateway import Answer, Request, problem
from feedsmith_local.redrive import RedriveOptions

ACCESS = "/local/access"
REDRIVE = "/local/redrive"


class Exposed(Protocol):
    """Has metrics to show; an exposition does."""

    def text(self) -> bytes:
        """As Prometheus reads them."""


class Answering(Protocol):
    """Answers HTTP requests; a gateway does."""

    def answer(self, request: Request) -> Answer:
        """Answer one request; never raises."""


class Operations:
    """Stands before the gateway.

    Parameters
    ----------
    gateway
        Answers all else.
    admin
        Of this stack's callers.
    key
        The stack's own.
    exposed
        What Prometheus scrapes, without a key: there is nothing of a tenant or a reader in it.
    redrive
        Puts dead letters back.
    """

    def __init__(
        self,
        gateway: Answering,
        admin: AccessAdmin,
        key: str,
        exposed: Exposed | None = None,
        redrive: Callable[[RedriveOptions], Any] = lambda options: {},
    ) -> None:
        self._redrive = redrive
        self._gateway = gateway
        self._exposed = exposed
        self._admin = admin
        self._expected = f"Bearer {key}".encode()

    def answer(self, request: Request) -> Answer:
        """Answer one request; never raises."""
        if request.target == METRICS and request.method == "GET" and self._exposed is not None:
            return Answer(HTTPStatus.OK, [("Content-Type", CONTENT_TYPE)], self._exposed.text())
        if request.target not in (ACCESS, REDRIVE):
            return self._gateway.answer(request)
        sent = [value for name, value in request.headers if name.lower() == "authorization"]
        if len(sent) != 1 or not secrets.compare_digest(sent[0].encode("utf-8", "surrogatepass"), self._expected):
            return problem(HTTPStatus.UNAUTHORIZED, "send the key that 'feedsmith serve' printed")
        try:
            if request.target == REDRIVE:
                done = self._redrive(RedriveOptions.model_validate_json(request.body))
            else:
                done = perform(self._admin, ACTION.validate_json(request.body))
        except ValidationError as error:
            said = "; ".join(f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors())
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, said)
        except FeedsmithError as error:
            return problem(HTTPStatus(error.status), error.detail)
        return Answer(HTTPStatus.OK, [("Content-Type", "application/json")], json.dumps(done).encode())
