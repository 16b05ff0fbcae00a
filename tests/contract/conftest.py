import pytest

pytest.register_assert_rewrite("contract.blobs_contract", "contract.ledger_contract", "contract.vector_store_contract")
