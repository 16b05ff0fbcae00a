"""The ranker port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedsmith.models import TermGroup


@dataclass(frozen=True, slots=True)
class Features:
    """The feature matrix of one request.

    ``names`` and ``groups`` have length f; ``values`` is (n, f), float32, one row per candidate, each in the unit that
    ``ranking/features.py`` documents.
    """

    names: tuple[str, ...]
    groups: tuple[TermGroup, ...]
    values: npt.NDArray[np.float32]


class Ranker(ABC):
    """Scores candidates by a sum of terms."""

    @property
    @abstractmethod
    def version(self) -> str:
        """Names the model and its parameters; logged with every slate."""

    @abstractmethod
    def terms(self, features: Features) -> npt.NDArray[np.float32]:
        """Contributions, shape (n, f), float32; a candidate's score is the sum of its row.

        Raises
        ------
        ConfigurationError
            The features are not those that the ranker was made for.
        """
