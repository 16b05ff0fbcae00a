"""Who calls: an API key or an access token -> caller."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from feedsmith.access.base import Admitted
from feedsmith.access.keys import PREFIX, KeyRing
from feedsmith.errors import Unauthorized

if TYPE_CHECKING:
    from feedsmith.access.tokens import Tokens

MAX_CREDENTIALS = 8_192
_BEARER = re.compile(r"bearer +([!-~]+)", re.IGNORECASE | re.ASCII)


class Authenticator:
    """Finds out who calls.

    Parameters
    ----------
    keys
        Knows API keys.
    tokens
        Knows access tokens; made with the first one.
    """

    def __init__(self, keys: KeyRing, tokens: Callable[[], Tokens]) -> None:
        self._keys = keys
        self._tokens = tokens

    def admit(self, authorization: Sequence[str]) -> Admitted:
        """Who calls with these Authorization headers; there must be one.

        Raises
        ------
        Unauthorized
            Nobody known; whatever is wrong, it is the same answer.
        StoreUnavailable
            It cannot be found out now.
        """
        if len(authorization) != 1 or len(authorization[0]) > MAX_CREDENTIALS:
            raise Unauthorized
        found = _BEARER.fullmatch(authorization[0].strip(" \t"))
        if found is None:
            raise Unauthorized
        credentials = found[1]
        if credentials.startswith(PREFIX):
            return self._keys.admit(credentials)
        if "." in credentials:
            return self._tokens().admit(credentials)
        raise Unauthorized
