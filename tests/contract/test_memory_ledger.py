from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from contract.ledger_contract import LedgerContract, RightsContract, event
from support.ledger import FakeClock, InMemoryLedger


class TestInMemoryLedger(LedgerContract):
    @pytest.fixture
    def ledger(self, clock: FakeClock) -> InMemoryLedger:
        return InMemoryLedger(clock)

    def test_the_stream_brings_each_event_once_in_order(self, ledger: InMemoryLedger) -> None:
        for name in ("e1", "e2", "e1"):
            ledger.append("acme", "u1", event(name, key=name))
        assert [record.event.item_id for record in ledger.stream] == ["e1", "e2"]
        assert [int(record.sequence) for record in ledger.stream] == [1, 2]

    def test_of_many_threads_one_writes_an_event(self, ledger: InMemoryLedger) -> None:
        with ThreadPoolExecutor(8) as pool:
            written = list(pool.map(lambda _: ledger.append("acme", "u1", event("a", key="e1")), range(50)))
        assert sum(written) == 1


class TestInMemoryRights(RightsContract):
    @pytest.fixture
    def ledger(self, clock: FakeClock) -> InMemoryLedger:
        return InMemoryLedger(clock)
