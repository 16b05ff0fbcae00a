"""API key -> caller. A Lambda REQUEST authorizer of the REST API."""

from __future__ import annotations

import hashlib
from typing import Any

from feedsmith.bootstrap import services


def authorize(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with a policy for the whole API and the caller's tenant, role and subject.

    Raises
    ------
    Exception
        ``Unauthorized``, the one message that API Gateway turns into a 401.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    caller = None
    if scheme.lower() == "bearer" and key.strip():
        caller = services().ledger.tenant_of_key(hashlib.sha256(key.strip().encode()).hexdigest())
    if caller is None:
        # API Gateway knows this very message and no other.
        raise Exception("Unauthorized")
    arn, _, _ = event["methodArn"].partition("/")
    return {
        "principalId": caller["subject"] or caller["tenant"],
        "policyDocument": {
            "Version": "2012-10-17",
            # The answer is cached by key, so it must hold for every route that this key may call.
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{arn}/*"}],
        },
        "context": caller,
    }
