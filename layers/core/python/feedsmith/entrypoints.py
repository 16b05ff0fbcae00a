"""Handlers that more than one function has."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from feedsmith.bootstrap import services
from feedsmith.stores.sqs import decode_chunk


def work_chunks(event: dict[str, Any], context: Any) -> Any:
    """Index each chunk of an SQS batch; those that failed are named, and come again."""
    # A processor of one's own per call: it keeps the batch's failures as state.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=_work, processor=processor, context=context)


def _work(record: SQSRecord) -> None:
    services().chunk_worker.work(decode_chunk(record.body))
