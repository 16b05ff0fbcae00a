"""Uploads: an S3 object becomes chunks, a chunk becomes indexed items and rejected rows."""

from feedsmith.content.uploads.desk import rejects, submit
from feedsmith.content.uploads.keys import ingestion_id, rejects_prefix
from feedsmith.content.uploads.plan import UploadPlanner
from feedsmith.content.uploads.progress import progress
from feedsmith.content.uploads.work import ChunkWorker

__all__ = ["ChunkWorker", "UploadPlanner", "ingestion_id", "progress", "rejects", "rejects_prefix", "submit"]
