"""A local stack with real articles and simulated readers, for those who look at it in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feedsmith.client import Feedsmith
from feedsmith_local.demo.catalogue import Upload, bbc
from feedsmith_local.demo.readers import browse, make_readers
from feedsmith_local.stack import LocalStack
from support.callers import LOCAL_KEY

SEED = 7
READERS = 40


def articles() -> tuple[Upload, dict[str, str]]:
    """A quarter of the BBC articles as one upload, and the hidden category of each."""
    uploads, categories = bbc(SEED)
    ids = list(categories)[:: len(uploads)]
    return uploads[0], {item_id: categories[item_id] for item_id in ids}


@contextmanager
def newsroom(state: Path, models: Path, port: int = 0) -> Iterator[LocalStack]:
    """The stack: articles indexed, readers clustered, figures counted."""
    environment = {"FEEDSMITH_MODELS_PATH": str(models), "FEEDSMITH_LOCAL_KEY": LOCAL_KEY}
    with LocalStack(state, port=port, environment=environment) as stack:
        upload, categories = articles()
        done = stack.wait_for_ingestion(stack.upload(upload.body, domain="news", name=upload.name))
        assert done.status == "succeeded", done.reason
        readers = make_readers(sorted(set(categories.values())), SEED)[:READERS]
        with Feedsmith(stack.base_url, stack.key) as client:
            browse(readers, categories, lambda events: client.post_events(events), SEED, lambda: None)
        stack.settle()
        stack.run_schedule("SegmentsFunction")
        stack.run_schedule("InsightFunction")
        yield stack
