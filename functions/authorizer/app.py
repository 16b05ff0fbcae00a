"""API key or access token -> caller. A Lambda REQUEST authorizer of the REST API."""

from __future__ import annotations

from typing import Any

from feedsmith.bootstrap import services
from feedsmith.errors import Unauthorized


def authorize(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with a policy for the whole API, the caller, and whose rate the call counts towards.

    Raises
    ------
    Exception
        ``Unauthorized``, the one message that API Gateway turns into a 401. Whatever else is raised, such as a ledger
        that does not answer, becomes a 503, and nobody is let in.
    """
    try:
        admitted = services().authenticator.admit(_authorization(event))
    except Unauthorized:
        # API Gateway knows this very message and no other.
        raise Exception("Unauthorized") from None
    caller = admitted.caller
    arn, _, _ = event["methodArn"].partition("/")
    return {
        # A user's id stays out of what API Gateway may log.
        "principalId": admitted.usage_key,
        "policyDocument": {
            "Version": "2012-10-17",
            # The answer is cached by header, so it must hold for every route that this caller may call; the routes
            # themselves ask for scopes.
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{arn}/*"}],
        },
        "context": {
            "tenant": caller.tenant,
            "role": caller.role,
            "subject": caller.subject,
            "scopes": " ".join(sorted(caller.scopes)),
        },
        "usageIdentifierKey": admitted.usage_key,
    }


def _authorization(event: dict[str, Any]) -> list[str]:
    """All Authorization headers: of two, the one that we check might not be the one that somebody else believes."""
    sent = event.get("multiValueHeaders") or {name: [value] for name, value in (event.get("headers") or {}).items()}
    return [value for name, values in sent.items() if name.lower() == "authorization" for value in values]
