"""Dead letters in an SQS queue, and the notes on them in the ledger's table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from feedsmith.models import utcnow
from feedsmith.stores.aws import translated
from feedsmith.stores.keyring import Sealer
from feedsmith.stores.letters import DeadLetter, DeadLetters, encode_letter
from feedsmith.stores.records import primary_key, unwrap, wrap
from feedsmith.stores.sqs import send_bodies

NOTES_KEPT: Final = timedelta(days=2)  # the stream brings nothing again after 24 hours
_DIGITS = 40  # the longest sequence number of a DynamoDB stream


class AwsDeadLetters(DeadLetters):
    """Notes lie under ``DEAD#{shard}``, by sequence, and name no user; they expire.

    Parameters
    ----------
    dynamodb, sqs
        Low-level clients.
    table, url
        The ledger's table and the queue's URL.
    sealer
        Encrypts the letters, which name users and lie where no erasure reaches.
    clock
        Returns now, timezone-aware.
    """

    def __init__(
        self, dynamodb: Any, table: str, sqs: Any, url: str, sealer: Sealer, *, clock: Callable[[], datetime] = utcnow
    ) -> None:
        self._sealer = sealer
        self._dynamodb = dynamodb
        self._table = table
        self._sqs = sqs
        self._url = url
        self._clock = clock

    def noted(self, shard: str, first: str, last: str) -> dict[str, str]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": wrap({":pk": _pk(shard), ":first": _sk(first), ":last": _sk(last)}),
            "ConsistentRead": True,
        }
        found: dict[str, str] = {}
        while True:
            with self._translated():
                answer = self._dynamodb.query(**request)
            for fields in map(unwrap, answer["Items"]):
                found[fields["sequence"]] = fields["reason"]
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def note(self, letters: Sequence[DeadLetter]) -> None:
        expires_at = int((self._clock() + NOTES_KEPT).timestamp())
        for letter in letters:
            note: dict[str, str | int | None] = {
                "sequence": letter.sequence,
                "reason": letter.reason,
                "expires_at": expires_at,
            }
            with self._translated():
                self._dynamodb.put_item(
                    TableName=self._table, Item=primary_key(_pk(letter.shard), _sk(letter.sequence)) | wrap(note)
                )

    def send(self, letters: Sequence[DeadLetter]) -> None:
        bodies = (encode_letter(letter, self._sealer) for letter in letters)
        send_bodies(self._sqs, self._url, bodies, setting="FEEDSMITH_PROFILES_DEAD_LETTER_QUEUE_URL")

    def _translated(self) -> Any:
        return translated(f"DynamoDB table {self._table!r}", "FEEDSMITH_TABLE")


def _pk(shard: str) -> str:
    return f"DEAD#{shard}"


def _sk(sequence: str) -> str:
    return sequence.zfill(_DIGITS)  # as text, in the order of the numbers
