"""Dead letters: events that could not be absorbed, set aside with their reason so that nothing waits behind them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from feedsmith.errors import ConfigurationError
from feedsmith.stores.keyring import Sealer


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Where an event lies in the ledger, where it came in the stream, and why it is here.

    ``identity`` is that of :class:`feedsmith.models.Event`. ``reason`` names neither the reader nor the item.
    ``counted``: the counters have it, so that only the profile is missing.
    """

    tenant: str
    user: str
    identity: str
    shard: str
    sequence: str
    reason: str
    counted: bool = False


class DeadLetters(ABC):
    """What was set aside, until somebody mends the cause and puts it back.

    An event that is neither in a counter nor noted here would be lost as soon as its counter reads on; one that is
    noted is counted by its letter alone, even if the stream brings it once more to a function that can read it.
    """

    @abstractmethod
    def noted(self, shard: str, first: str, last: str) -> dict[str, str]:
        """Reasons of the positions from ``first`` to ``last`` that were noted, by sequence; read consistently."""

    @abstractmethod
    def note(self, letters: Sequence[DeadLetter]) -> None:
        """Remember, longer than the stream may bring it again, that these positions are not to be absorbed from it.

        Call it before a counter may read on past them.
        """

    @abstractmethod
    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Put the letters into the queue, at least once each, before their positions are acknowledged."""


_LETTER = TypeAdapter(DeadLetter)


@dataclass(frozen=True, slots=True)
class _Envelope:
    """What lies in the queue, where no erasure reaches: who may open it, and the letter, sealed."""

    tenant: str
    reason: str
    sealed_letter: str


_ENVELOPE = TypeAdapter(_Envelope)
_PLACE: Final = "dead letter"


def encode_letter(letter: DeadLetter, sealer: Sealer) -> str:
    """A letter as the body of a message, sealed."""
    sealed = sealer.seal(letter.tenant, _LETTER.dump_json(letter).decode(), _PLACE)
    return json.dumps({"tenant": letter.tenant, "reason": letter.reason, "sealed_letter": sealed})


def decode_letter(body: str, sealer: Sealer) -> DeadLetter:
    """The letter in a message's body.

    Raises
    ------
    ConfigurationError
        The body is no letter, or its key was retired before it was redriven.
    """
    try:
        envelope = _ENVELOPE.validate_json(body)
        return _LETTER.validate_json(sealer.open(envelope.tenant, envelope.sealed_letter, _PLACE))
    except ValidationError as error:
        fields = error.error_count()
    # Outside the handler: pydantic's message quotes the letter, which names a reader.
    raise ConfigurationError(f"a dead letter of another form ({fields} fields are wrong): redrive with its own version")
