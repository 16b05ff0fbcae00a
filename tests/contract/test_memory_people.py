from __future__ import annotations

import pytest

from contract.people_contract import DataKeysContract, PeopleContract, SignerContract
from support.rights import InMemoryDataKeys, InMemoryPeople, InMemorySigner


class TestInMemoryPeople(PeopleContract):
    @pytest.fixture
    def people(self) -> InMemoryPeople:
        return InMemoryPeople()


class TestInMemoryDataKeys(DataKeysContract):
    @pytest.fixture
    def data_keys(self) -> InMemoryDataKeys:
        return InMemoryDataKeys()


class TestInMemorySigner(SignerContract):
    @pytest.fixture
    def signer(self) -> InMemorySigner:
        return InMemorySigner()
