"""The main job, on real articles: ingest, read, cluster, rank, write, measure."""

from feedsmith_local.demo.run import main

__all__ = ["main"]
