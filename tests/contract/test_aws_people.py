from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contract.people_contract import DataKeysContract, PeopleContract, SignerContract
from feedsmith.errors import ConfigurationError
from feedsmith.stores import aws
from feedsmith.stores.dynamodb_people import DynamoPeople
from feedsmith.stores.kms import KmsDataKeys, KmsSigner
from support.aws import create_ledger_table, mock_region

TABLE = "people"


@pytest.fixture(scope="module", autouse=True)
def _aws() -> Iterator[None]:
    with mock_region():
        yield


class TestDynamoPeople(PeopleContract):
    @pytest.fixture
    def people(self) -> Iterator[DynamoPeople]:
        client = aws.client("dynamodb")
        create_ledger_table(client, TABLE)
        yield DynamoPeople(client, TABLE)
        client.delete_table(TableName=TABLE)


class TestKmsDataKeys(DataKeysContract):
    @pytest.fixture
    def data_keys(self) -> KmsDataKeys:
        client = aws.client("kms")
        return KmsDataKeys(client, client.create_key()["KeyMetadata"]["KeyId"])

    def test_a_key_of_kms_that_is_not_there_names_its_setting(self) -> None:
        gone: Any = KmsDataKeys(aws.client("kms"), "00000000-0000-0000-0000-000000000000")
        with pytest.raises(ConfigurationError, match="FEEDSMITH_TENANT_KEY"):
            gone.generate("acme")


class TestKmsSigner(SignerContract):
    @pytest.fixture
    def signer(self) -> KmsSigner:
        client = aws.client("kms")
        made = client.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        return KmsSigner(client, made["KeyMetadata"]["KeyId"])
