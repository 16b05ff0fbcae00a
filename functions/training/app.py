"""Chunk -> indexed items with a torch embedder (`FEEDSMITH_EMBEDDER=sentence-transformers:NAME`); a container image."""

from feedsmith.entrypoints import work_chunks

handler = work_chunks
