"""What a tenant's texts may take in a day: reserved before a model is asked, settled when it has answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from feedsmith.errors import BudgetExhausted, ConfigurationError, StoreUnavailable, WriterError
from feedsmith.insight import metrics
from feedsmith.settings import Settings
from feedsmith.stores.ledger import Spending
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.prices import FREE, MILLIONTHS, Price, Usage, price_of
from feedsmith.writing.writers.chat import max_tokens

_logger = logging.getLogger(__name__)
_FRAME = 128  # tokens that a chat template, a tokenizer's own marks and a guardrail put around a prompt, at most


def bound(prompt: Prompt, n: int) -> Usage:
    """The most tokens that ``n`` candidates take.

    A token of a byte-level vocabulary covers at least a byte of UTF-8, and a writer may send the prompt once for each
    candidate. Calls that failed and were repeated are not in it: providers charge for answers.
    """
    read = len("\n".join([prompt.system, prompt.user, *prompt.reads]).encode()) + _FRAME
    return Usage(n * read, n * max_tokens(prompt))


def usage_of(drafts: Sequence[Draft]) -> Usage:
    """Tokens that drafts took."""
    return sum(
        (Usage(d.input_tokens, d.output_tokens, d.cache_read_tokens, d.cache_write_tokens) for d in drafts), Usage()
    )


@dataclass(frozen=True, slots=True)
class Reservation:
    """What was set apart on a day. None of it comes back until it is settled, so a crash only counts too much.

    ``rate`` is the part of the price at which it will be settled.
    """

    tenant: str
    day: date
    amount: Spending
    price: Price
    rate: float = 1.0


class Books(Protocol):
    """Where spending is counted; a ledger does."""

    def spend(
        self, tenant: str, day: date, amount: Spending, *, most_tokens: int | None = None, most_cost: int | None = None
    ) -> bool:
        """As :meth:`feedsmith.stores.ledger.Ledger.spend`."""


class Budget:
    """Books of tokens, money and texts for each tenant and UTC day, and limits of the first two.

    Parameters
    ----------
    clock
        Tells the day.
    """

    def __init__(self, ledger: Books, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._most_tokens = settings.writer_tokens_per_day or None
        self._most_cost = round(settings.writer_cost_per_day * MILLIONTHS) or None

    def cost(self, writer: str, usage: Usage) -> float | None:
        """US dollars for what a writer used; None: its price is not known."""
        price = price_of(writer, self._settings)
        return None if price is None else price.of(usage).cost / MILLIONTHS

    def reserve(self, tenant: str, writer: str, most: Usage, rate: float = 1.0) -> Reservation:
        """Set apart, today, the most that a writer will use; nothing where there are no limits.

        Parameters
        ----------
        rate
            Part of the price, as for batch inference.

        Raises
        ------
        BudgetExhausted
            It would exceed a limit; counted as the metric ``BudgetExhausted``.
        ConfigurationError
            Money is limited, and the writer's price is not known.
        """
        price = price_of(writer, self._settings)
        if price is None and self._most_cost is not None:
            raise ConfigurationError(
                f"FEEDSMITH_WRITER_COST_PER_DAY is set, but the price of {writer} is not known: set "
                "FEEDSMITH_WRITER_PRICE_IN and FEEDSMITH_WRITER_PRICE_OUT"
            )
        limited = self._most_tokens is not None or self._most_cost is not None
        amount = (price or FREE).of(most, rate) if limited else Spending()
        reservation = Reservation(tenant, self._today(), amount, price or FREE, rate)
        if limited and not self._ledger.spend(
            tenant, reservation.day, reservation.amount, most_tokens=self._most_tokens, most_cost=self._most_cost
        ):
            metrics.count("BudgetExhausted", tenant=tenant)
            raise BudgetExhausted
        return reservation

    def settle(self, reservation: Reservation | None, used: Usage) -> None:
        """Give back what was not needed, or add what was needed above it; where that fails, too much stays counted.

        None is what a batch job has that an earlier version started without limits.
        """
        if reservation is None:
            return
        actual = reservation.price.of(used, reservation.rate)
        if used.tokens:
            metrics.emit({"WriterTokens": used.tokens, "WriterCost": actual.cost / MILLIONTHS})
        change = actual - reservation.amount
        if change != Spending():
            self._book(reservation.tenant, reservation.day, change, "a reservation stays counted in full")

    def given(self, tenant: str, *, cached: bool) -> None:
        """Count a text that a reader got; where that fails, it is not counted."""
        self._book(tenant, self._today(), Spending(texts=1, cached=int(cached)), "a text was not counted")

    def _book(self, tenant: str, day: date, amount: Spending, otherwise: str) -> None:
        try:
            self._ledger.spend(tenant, day, amount)
        except StoreUnavailable as error:
            _logger.warning("%s: %s", otherwise, error)

    def _today(self) -> date:
        return self._clock().astimezone(UTC).date()


class Metered(Writer):
    """A writer at a tenant's expense. One object for one text: it knows what that text took.

    Settling happens where the answer arrives, so that one which came too late for its reader is counted too.
    """

    def __init__(self, writer: Writer, budget: Budget, tenant: str) -> None:
        self._writer = writer
        self._budget = budget
        self._tenant = tenant
        self.usage = Usage()

    @property
    def name(self) -> str:
        return self._writer.name

    @property
    def is_model(self) -> bool:
        return self._writer.is_model

    @property
    def cost(self) -> float | None:
        """US dollars for what was used so far; None: the price is not known."""
        return self._budget.cost(self.name, self.usage)

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        """As the writer does.

        Raises
        ------
        BudgetExhausted
            The model was not asked.
        """
        reservation = self._budget.reserve(self._tenant, self.name, bound(prompt, n))
        try:
            drafts = self._writer.write(prompt, n)
        except WriterError as error:
            if not error.billed:
                self._budget.settle(reservation, Usage())
            raise
        used = usage_of(drafts)
        self.usage += used
        if used.tokens:  # a server that tells no usage is taken to have used all that was set apart
            self._budget.settle(reservation, used)
        return drafts
