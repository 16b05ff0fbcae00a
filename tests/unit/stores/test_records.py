from __future__ import annotations

import json

from feedsmith.models import NO_ACTIVITY
from feedsmith.stores.ledger import Counter
from feedsmith.stores.records import counter_record, read_counter


def test_a_counter_of_an_earlier_version_has_no_activity() -> None:
    record = counter_record("acme", "a", Counter({"click": 1}, 2.5, {"s": ("7", 60)}), revision=4)
    body = json.loads(record["counter"]["S"])
    del body["activity"]
    record["counter"]["S"] = json.dumps(body)
    assert read_counter(record) == ("a", Counter({"click": 1}, 2.5, {"s": ("7", 60)}, 4, NO_ACTIVITY))
