"""Stores that fail at any call: before it takes effect, or after."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError, ReadTimeoutError

from feedsmith.errors import StoreUnavailable
from feedsmith_local.chaos.faults import Crash, Faults

# Per call. An event is appended by one call and absorbed by dozens, each delivery of which must get through.
APPEND_RATE: Final = 0.010
OTHER_RATE: Final = 0.001
OUTAGE_RATE: Final = 0.003
OUTAGE_CALLS: Final = (3, 12)

Key = tuple[str, str]


class _Faulty(ABC):
    """Puts ``_call`` between a caller and each public method of what it stands for."""

    def __init__(self, real: Any, faults: Faults) -> None:
        self._real = real
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        if name.startswith("_") or not callable(real) or name == "close":
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._call(name, lambda: real(*args, **kwargs), kwargs)

        return call

    @abstractmethod
    def _call(self, name: str, act: Callable[[], Any], request: dict[str, Any]) -> Any:
        """Do ``act``, the call of a method by ``name`` with ``request``, or fail before or after it."""

    def _crash(self, rate: float) -> None:
        if self._faults.strikes(rate):
            self._faults.count("crashes")
            raise Crash


class FaultyClient(_Faulty):
    """A boto client whose calls are throttled, time out with or without an effect, or are their process's last.

    ``spoilt``: ids of events that are written as another version would write them; :meth:`mend` writes them as they
    were.
    """

    def __init__(self, real: Any, faults: Faults, spoilt: frozenset[str] = frozenset()) -> None:
        super().__init__(real, faults)
        self._spoilt = frozenset(f"E#{event_id}" for event_id in spoilt)
        self._written: dict[Key, dict[str, Any]] = {}

    @property
    def exceptions(self) -> Any:
        """The client's own exception classes."""
        return self._real.exceptions

    def mend(self, table: str) -> None:
        """Let the ledger hold what this version can read."""
        for (pk, sk), event in self._written.items():
            self._real.update_item(
                TableName=table,
                Key={"pk": {"S": pk}, "sk": {"S": sk}},
                UpdateExpression="SET event = :event",
                ExpressionAttributeValues={":event": event},
            )

    def _call(self, name: str, act: Callable[[], Any], request: dict[str, Any]) -> Any:
        item = request.get("Item", {})
        sk = item.get("sk", {}).get("S", "")
        if sk in self._spoilt:
            self._written.setdefault((item["pk"]["S"], sk), item["event"])
            item["event"] = {"S": json.dumps({"shape": 2, "was": "an event of another version"})}
        rate = APPEND_RATE if sk.startswith("E#") else OTHER_RATE
        self._crash(rate / 2)
        if self._faults.strikes(rate):
            self._faults.count("throttling")
            code = {"Code": "ProvisionedThroughputExceededException", "Message": "injected"}
            raise ClientError({"Error": code}, name)
        if self._faults.strikes(rate / 2):
            self._faults.count("timeouts")
            raise ReadTimeoutError(endpoint_url="injected")
        result = act()
        if self._faults.strikes(rate / 2):
            self._faults.count("timeouts")
            raise ReadTimeoutError(endpoint_url="injected")
        self._crash(rate / 2)
        return result


class FaultyVectors(_Faulty):
    """A vector store that is out for some calls in a row, answers too late, or is its caller's last call."""

    def __init__(self, real: Any, faults: Faults) -> None:
        super().__init__(real, faults)
        self._out = 0
        self._lock = threading.Lock()

    def _call(self, name: str, act: Callable[[], Any], request: dict[str, Any]) -> Any:
        self._outage()
        self._crash(OTHER_RATE / 2)
        result = act()
        if self._faults.strikes(OTHER_RATE):
            self._faults.count("timeouts")
            raise StoreUnavailable("injected: the vector store answered too late")
        self._crash(OTHER_RATE / 2)
        return result

    def _outage(self) -> None:
        with self._lock:
            if not self._faults.active:
                self._out = 0
            elif not self._out and self._faults.strikes(OUTAGE_RATE):
                self._out = self._faults.chance.randint(*OUTAGE_CALLS)
            if not self._out:
                return
            self._out -= 1
        self._faults.count("unavailable")
        raise StoreUnavailable("injected: the vector store is down")
