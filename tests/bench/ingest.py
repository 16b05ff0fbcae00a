"""Items per second through `ContentService.index`, in batches of 100, with the prepared minilm and Qdrant Edge."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from feedsmith.bootstrap import Services
from feedsmith.models import Item
from feedsmith.settings import Settings
from feedsmith_local.demo import catalogue
from support.ledger import InMemoryLedger

ITEMS, BATCH = 600, 100


def main() -> dict[str, float]:
    """Read the demo's articles, index some to warm up, time the rest."""
    uploads, _ = catalogue.bbc(seed=1)
    items = [Item.model_validate(row | {"domain": "news"}) for upload in uploads for row in catalogue.rows(upload)]
    with tempfile.TemporaryDirectory() as folder:
        services = Services(Settings(vectors_path=Path(folder)))
        services.ledger = InMemoryLedger()
        services.content.index("bench", items[:BATCH])
        start = time.perf_counter()
        for offset in range(BATCH, BATCH + ITEMS, BATCH):
            services.content.index("bench", items[offset : offset + BATCH])
        seconds = time.perf_counter() - start
        services.close()
    return {"items_per_s": round(ITEMS / seconds, 1), "items": ITEMS}


if __name__ == "__main__":
    print(json.dumps(main()))  # noqa: T201  the parent reads it
