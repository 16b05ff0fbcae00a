"""The server under load: `feedsmith serve` in a process and a folder of its own, with real articles."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from feedsmith_local.demo.catalogue import bbc

_START_S, _END_S = 300, 60


@dataclass(frozen=True)
class Server:
    """One that runs: where, its key, and the ids of its items."""

    url: str
    key: str
    items: tuple[str, ...]


@contextmanager
def serving(articles: int, seed: int) -> Iterator[Server]:
    """Start a server, wait until its items are there, and end it.

    Raises
    ------
    TimeoutError
        It was not ready in time; what it said is in the text.
    """
    uploads, _ = bbc(seed)
    rows = [line for upload in uploads for line in gzip.decompress(upload.body).splitlines()][:articles]
    with tempfile.TemporaryDirectory() as folder:
        content, out, log = (Path(folder) / name for name in ("articles.jsonl", "out.json", "log"))
        content.write_bytes(b"\n".join(rows))
        command = [Path(sys.executable).with_name("feedsmith"), "serve", "--port", "0", "--json", "--content", content]
        environment = {**os.environ, "FEEDSMITH_WRITER": "extractive", "NO_COLOR": "1"}
        with out.open("wb") as told, log.open("wb") as said:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=told, stderr=said)
        try:
            deadline = time.monotonic() + _START_S
            while "items indexed" not in log.read_text("utf-8"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise TimeoutError(f"the server did not get ready:\n{log.read_text('utf-8')[-2000:]}")
                time.sleep(0.2)
            answer = json.loads(out.read_text("utf-8"))
            yield Server(answer["url"], answer["key"], tuple(json.loads(row)["id"] for row in rows))
        finally:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
