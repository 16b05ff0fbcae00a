"""The ledger's stream, absorbed into profiles and counters."""

from __future__ import annotations

from collections.abc import Sequence

from aws_lambda_powertools import Logger

from feedsmith.errors import StoreUnavailable
from feedsmith.insight.counters import CounterService
from feedsmith.profiles.service import ProfileService
from feedsmith.stores.base import StreamRecord

logger = Logger(child=True)


class StreamConsumer:
    """Absorbs batches of stream records; absorbing a record again changes nothing."""

    def __init__(self, profiles: ProfileService, counters: CounterService) -> None:
        self._profiles = profiles
        self._counters = counters

    def absorb(self, records: Sequence[StreamRecord]) -> str | None:
        """Recompute the profiles of the users who did something, then count the events.

        Parameters
        ----------
        records
            In the order of the stream, all of one shard.

        Returns
        -------
        str or None
            Sequence number of the first record that was not absorbed: it and all after it must be delivered again,
            though some of those may be absorbed already. None: all were absorbed. A record that can never be absorbed
            holds up no other user and no counter in this batch, but is reported each time.
        """
        failed = [self._recompute(records)]
        try:
            self._counters.absorb(records)
        except StoreUnavailable as error:
            logger.warning("counters not written, the batch will be delivered again", extra={"reason": error.detail})
            failed.append(0)
        first = min((index for index in failed if index is not None), default=None)
        return None if first is None else records[first].sequence

    def _recompute(self, records: Sequence[StreamRecord]) -> int | None:
        """Recompute each user once; index of the first record whose user could not be."""
        users: dict[tuple[str, str], int] = {}
        for index, record in enumerate(records):
            if record.event.type != "impression":
                users.setdefault((record.tenant, record.user), index)
        failed = None
        for (tenant, user), index in users.items():
            try:
                self._profiles.recompute(tenant, user)
            except StoreUnavailable as error:
                logger.warning("profiles not written, records will be delivered again", extra={"reason": error.detail})
                return index if failed is None else failed
            except Exception as error:  # noqa: BLE001 - reported to the stream; one user's data must not stop others
                # Its message may quote the data, so that only its kind is logged.
                logger.error("a profile cannot be computed", extra={"error": type(error).__name__})
                failed = index if failed is None else failed
        return failed
