"""The keys that issuers publish (JWKS, RFC 7517), kept in the process."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from feedsmith.access.base import Download
from feedsmith.errors import StoreUnavailable
from feedsmith.models import JsonObject

FRESH_S = 600.0
RETRY_S = 30.0
LAST_GOOD_S = 86_400.0
_MAX_KEYS = 100
# What a public key of any kind we verify with consists of; secrets and pointers to other places stay out.
_MEMBERS = frozenset({"kty", "alg", "n", "e", "crv", "x", "y"})


@dataclass(frozen=True, slots=True)
class _KeySet:
    keys: Mapping[str, JsonObject] = field(default_factory=dict)
    loaded_at: float = -math.inf
    tried_at: float = -math.inf

    def key(self, kid: str, now: float, age_s: float) -> JsonObject | None:
        return self.keys.get(kid) if now - self.loaded_at < age_s else None


class KeySets:
    """Public keys by their place and id.

    A set is downloaded again after 10 minutes, or when an id is not in it, yet at most once in 30 s, whoever asks for
    what: made-up ids cannot make us hammer an issuer. While it does not answer, the last good set holds for a day.

    Parameters
    ----------
    download
        Gets a set.
    clock
        Seconds that only grow.
    """

    def __init__(self, download: Download, clock: Callable[[], float] = time.monotonic) -> None:
        self._download = download
        self._clock = clock
        self._sets: dict[str, _KeySet] = {}
        self._lock = threading.Lock()

    def find(self, uri: str, kid: str) -> JsonObject | None:
        """The public members of a key; None: the issuer has no key of this id.

        Raises
        ------
        StoreUnavailable
            The issuer does not answer, and no good set has the key.
        """
        known = self._sets.get(uri, _KeySet())
        if fresh := known.key(kid, self._clock(), FRESH_S):
            return fresh
        with self._lock:  # one downloads; the others wait, and find what it brought
            known = self._sets.get(uri, _KeySet())
            if fresh := known.key(kid, self._clock(), FRESH_S):
                return fresh
            now = self._clock()
            if now - known.tried_at >= RETRY_S:
                known = self._sets[uri] = self._load(uri, known, now)
        if good := known.key(kid, now, LAST_GOOD_S):
            return good
        if known.loaded_at < known.tried_at:
            raise StoreUnavailable(
                f"the issuer's keys at {uri} cannot be had: check that it answers, and that 'feedsmith issuers list' "
                "has the right jwks_uri",
                retry_after_s=int(RETRY_S),
            )
        return None

    def _load(self, uri: str, known: _KeySet, now: float) -> _KeySet:
        try:
            return _KeySet(_read(self._download(uri), uri), now, now)
        except StoreUnavailable:
            return _KeySet(known.keys, known.loaded_at, now)


def _read(body: bytes, uri: str) -> dict[str, JsonObject]:
    """Signing keys by id, the first of each id; what is not one of them is left out."""
    try:
        published = json.loads(body)["keys"]
        keys = [key for key in published if isinstance(key, dict) and _signs(key)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreUnavailable(f"{uri} is no JWK set") from error
    if len(keys) > _MAX_KEYS:
        raise StoreUnavailable(f"{uri} has over {_MAX_KEYS} keys")
    return {key["kid"]: {name: key[name] for name in _MEMBERS & key.keys()} for key in reversed(keys)}


def _signs(key: JsonObject) -> bool:
    return isinstance(key.get("kid"), str) and key.get("use", "sig") == "sig"
