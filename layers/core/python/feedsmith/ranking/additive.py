"""The trained ranker: a neural additive model, served by onnxruntime.

Each term has a small network over its own features, and the score is the sum of the networks (Agarwal et al., "Neural
Additive Models", NeurIPS 2021, over groups of features). The file is one ONNX graph whose metadata says which features
it was trained on, for which domain, and with which embedder's vectors.
"""

from __future__ import annotations

import base64
from typing import Annotated

import numpy as np
import onnxruntime
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from feedsmith.domains.loader import Domain
from feedsmith.errors import ConfigurationError
from feedsmith.ranking.base import PROJECTIONS, Features, FeatureSpace, Ranker, Terms
from feedsmith.ranking.features import FEATURES, GROUPS

METADATA_KEY = "feedsmith"
FORMAT = 1

# Logs of impressions have no search texts and few dislikes: the domain's own weights stand for what nothing teaches.
FIXED_TERMS = ("query", "disliked")


class Manifest(BaseModel):
    """What a model file says of itself.

    ``features`` are the columns of the graph's input, ``terms`` those of its output. ``projections``: float32, little
    endian, row by row, base64, each of shape (``projection_rows``, columns).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    version: str = Field(min_length=1, max_length=100)
    domain: str
    embedder: str
    topics: tuple[str, ...]
    features: tuple[str, ...] = Field(min_length=1)
    terms: tuple[str, ...] = Field(min_length=1)
    projections: tuple[str, ...]
    projection_rows: int = Field(ge=0)
    topic_prior: tuple[float, ...]
    base_rate: Annotated[float, Field(gt=0)]

    def space(self) -> FeatureSpace:
        """The feature space that the model was trained in."""
        arrays = tuple(
            np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4").reshape(self.projection_rows, -1)
            for text in self.projections
        )
        return FeatureSpace(arrays, self.topic_prior, self.base_rate)


class AdditiveRanker(Ranker):
    """A model file in service; make it with :meth:`load`."""

    def __init__(self, session: onnxruntime.InferenceSession, manifest: Manifest, domain: Domain) -> None:
        self._session = session
        self._manifest = manifest
        self._space = manifest.space()
        self._names = (*manifest.terms, *FIXED_TERMS)
        self._weights = np.array([getattr(domain.weights, name) for name in FIXED_TERMS], dtype=np.float32)
        columns = {name: column for column, name in enumerate(FEATURES)}
        self._inputs = [columns[name] for name in manifest.features]
        self._values = [columns[_stands_for(name)] for name in self._names]
        self._fixed = [columns[name] for name in FIXED_TERMS]

    @classmethod
    def load(cls, data: bytes, *, domain: Domain, embedder: str) -> AdditiveRanker:
        """Read a model file for one domain, whose items were embedded by ``embedder``.

        Raises
        ------
        ConfigurationError
            The file is no such model, or was trained for another domain, embedder, taxonomy or other features.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # a request has a few hundred rows
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            manifest = Manifest.model_validate_json(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
            _check(manifest, domain, embedder)
            return cls(session, manifest, domain)
        except ConfigurationError:
            raise
        except KeyError as error:
            raise ConfigurationError("this ONNX file is no ranker of feedsmith: it has no manifest") from error
        except ValidationError as error:
            where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ConfigurationError(f"the ranker's manifest cannot be read: {where}; train it anew") from error
        except Exception as error:  # onnxruntime's own errors share no base class; raised anew by name
            raise ConfigurationError(
                f"the ranker's file cannot be loaded ({type(error).__name__}): upload it again or roll back"
            ) from error

    @property
    def version(self) -> str:
        """As the training named it."""
        return self._manifest.version

    @property
    def space(self) -> FeatureSpace:
        """What the model's features are computed with."""
        return self._space

    def terms(self, features: Features) -> Terms:
        """Each term's network at each candidate, relative to the mean over the candidates."""
        if features.names != tuple(FEATURES):
            raise ConfigurationError(f"ranker {self.version} got features of another version of feedsmith")
        context = np.array([[np.log1p(features.history), np.log(max(len(features.values), 1))]], dtype=np.float32)
        (learned,) = self._session.run(
            None, {"features": np.ascontiguousarray(features.values[:, self._inputs]), "context": context}
        )
        fixed = features.values[:, self._fixed] * self._weights
        return Terms(
            self._names,
            tuple(GROUPS[name] for name in self._names),
            features.values[:, self._values],
            np.hstack([learned, fixed]).astype(np.float32, copy=False),
        )


def _stands_for(term: str) -> str:
    """The feature whose value is shown for a term: its namesake, else its first."""
    return term if term in FEATURES else next(name for name, owner in FEATURES.items() if owner == term)


def _check(manifest: Manifest, domain: Domain, embedder: str) -> None:
    asked = {
        "format": (manifest.format, FORMAT),
        "domain": (manifest.domain, domain.name),
        "embedder": (manifest.embedder, embedder),
        "taxonomy": (manifest.topics, tuple(domain.taxonomy)),
    }
    for name, (has, wanted) in asked.items():
        if has != wanted:
            raise ConfigurationError(
                f"ranker {manifest.version} was trained for another {name}: {has!r} instead of {wanted!r}; train anew"
            )
    if unknown := [name for name in manifest.features if name not in FEATURES]:
        raise ConfigurationError(
            f"ranker {manifest.version} wants features that there are not: {', '.join(unknown)}; train anew"
        )
    if unknown := [name for name in manifest.terms if name not in GROUPS]:
        raise ConfigurationError(f"ranker {manifest.version} has unknown terms: {', '.join(unknown)}; train anew")
    if len(manifest.projections) not in (0, PROJECTIONS):
        raise ConfigurationError(
            f"ranker {manifest.version} brings {len(manifest.projections)} projections, not {PROJECTIONS}; train anew"
        )
