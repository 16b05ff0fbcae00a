"""A world of clicks whose truth is known, to check the estimators on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedsmith_training.offpolicy.logged import Floats, LoggedDecisions, Rows


@dataclass(frozen=True, slots=True, eq=False)
class ClickSimulator:
    """Users with tastes choose whether to click the one item drawn for one place of their slate.

    A context is a user and a place, equally likely each; its pool is the user's candidates. The probability of a
    click is ``sigmoid(bias + 2 taste . vector + appeal + place_bias)``: additive, as the ranker is.
    A policy is a matrix of shape (contexts, pool), whose rows sum to 1.

    Parameters
    ----------
    taste, vector
        Shapes (users, d) and (items, d), unit rows.
    appeal
        Shape (items,): what an item gains with everybody.
    place_bias
        Shape (places,): what a place costs, in logits.
    pools
        Shape (users, pool): item rows of each user's candidates.
    bias
        Logit of a click on an item of no appeal, orthogonal to the taste, at the best place.
    """

    taste: Floats
    vector: Floats
    appeal: Floats
    place_bias: Floats
    pools: Rows
    bias: float = -1.0

    @classmethod
    def make(
        cls, seed: int, *, users: int = 60, items: int = 120, dimension: int = 8, pool: int = 8, places: int = 3
    ) -> ClickSimulator:
        """Draw a world; the same seed, the same world."""
        rng = np.random.default_rng(seed)
        return cls(
            taste=_unit(rng.normal(size=(users, dimension))),
            vector=_unit(rng.normal(size=(items, dimension))),
            appeal=rng.normal(scale=0.5, size=items),
            place_bias=-np.log2(np.arange(places) + 1.0) / 2,
            pools=np.stack([rng.choice(items, size=pool, replace=False) for _ in range(users)]),
        )

    @property
    def relevance(self) -> Floats:
        """Shape (contexts, pool): ``2 taste . vector + appeal``, what a perfect ranker would score."""
        likeness = np.einsum("ud,upd->up", self.taste, self.vector[self.pools])
        return np.repeat(2.0 * likeness + self.appeal[self.pools], len(self.place_bias), axis=0)

    @property
    def click_probability(self) -> Floats:
        """Shape (contexts, pool); context ``user * places + place``."""
        place = np.tile(self.place_bias, len(self.taste))[:, None]
        return np.asarray(1.0 / (1.0 + np.exp(-(self.bias + self.relevance + place))))

    @property
    def offsets(self) -> Rows:
        """Bounds of the pools of all contexts, shape (contexts + 1,), for policies over flat scores."""
        contexts = len(self.taste) * len(self.place_bias)
        return np.arange(0, contexts * self.pools.shape[1] + 1, self.pools.shape[1], dtype=np.intp)

    def guess(self, noise: float, seed: int) -> Floats:
        """Relevance as a ranker with errors of that standard deviation sees it, shape (contexts, pool)."""
        return self.relevance + np.random.default_rng(seed).normal(scale=noise, size=self.relevance.shape)

    def features(self, logged: LoggedDecisions) -> Floats:
        """What a reward model may look at, shape (m, d + places): taste times vector, and the place."""
        context = logged.context[logged.owner]
        user, place = np.divmod(context, len(self.place_bias))
        return np.hstack([self.taste[user] * self.vector[logged.items], np.eye(len(self.place_bias))[place]])

    def true_value(self, policy: Floats) -> float:
        """Click probability of one decision under the policy: the sum over all contexts and items, no sampling."""
        return float((policy * self.click_probability).sum(axis=1).mean())

    def log(self, policy: Floats, n: int, seed: int) -> LoggedDecisions:
        """Let a logging policy decide ``n`` times, and the users click."""
        rng = np.random.default_rng(seed)
        context = rng.integers(len(policy), size=n)
        reached = policy[context].cumsum(axis=1)
        chosen = (rng.random((n, 1)) * reached[:, -1:] >= reached).sum(axis=1)
        places, size = len(self.place_bias), self.pools.shape[1]
        return LoggedDecisions(
            context=context,
            offsets=np.arange(n + 1, dtype=np.intp) * size,
            items=self.pools[context // places].ravel(),
            chosen=chosen,
            propensity=policy[context, chosen],
            reward=(rng.random(n) < self.click_probability[context, chosen]).astype(np.float64),
            pool_propensity=policy[context].ravel(),
        )


def target_of(policy: Floats, logged: LoggedDecisions) -> Floats:
    """The policy's probability of each logged pool member, shape (m,)."""
    return policy[logged.context].ravel()


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))
