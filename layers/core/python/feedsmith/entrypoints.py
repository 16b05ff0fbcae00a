"""Handlers that more than one function has."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from feedsmith.bootstrap import services
from feedsmith.errors import ConfigurationError, FeedsmithError
from feedsmith.insight import metrics
from feedsmith.stores.sqs import decode_chunk

logger = Logger(child=True)


def work_chunks(event: dict[str, Any], context: Any) -> Any:
    """Index each chunk of an SQS batch; those that failed are named, and come again, or are set aside with a reason."""
    # A processor of one's own per call: it keeps the batch's failures as state.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=_work, processor=processor, context=context)


def _work(record: SQSRecord) -> None:
    s = services()
    try:
        chunk = decode_chunk(record.body)
    except ConfigurationError as error:
        # No try of this version's will read it.
        s.dead_chunks.send(record.body, error.detail)
        return
    try:
        s.chunk_worker.work(chunk)
    except Exception as error:
        # The batch processor keeps it to itself.
        logger.warning("chunk failed", extra={"ingestion": chunk.ingestion_id, "reason": _reason(error)})
        if int(record.attributes.approximate_receive_count) < s.settings.chunk_deliveries:
            raise
        # The last try: the ingestion must not look as if it ran, and the queue's own way to the dead letters names no
        # reason. A worker that dies before this line still takes that way.
        reason = f"given up after {s.settings.chunk_deliveries} tries: {_reason(error)}"
        s.chunk_worker.give_up(chunk, reason)
        metrics.count("ChunksGivenUp")
        s.dead_chunks.send(record.body, reason)


def _reason(error: Exception) -> str:
    return error.detail if isinstance(error, FeedsmithError) else f"an unexpected {type(error).__name__}"
