"""Off-policy evaluation: what a new ranker would have earned, from what the old one logged."""

from feedsmith_training.offpolicy.diagnostics import Diagnostics, diagnose
from feedsmith_training.offpolicy.estimators import Estimate, doubly_robust, ips, snips
from feedsmith_training.offpolicy.logged import LoggedDecisions
from feedsmith_training.offpolicy.policies import greedy, softmax
from feedsmith_training.offpolicy.rewards import cross_fit
from feedsmith_training.offpolicy.slates import from_slates

__all__ = [
    "Diagnostics",
    "Estimate",
    "LoggedDecisions",
    "cross_fit",
    "diagnose",
    "doubly_robust",
    "from_slates",
    "greedy",
    "ips",
    "snips",
    "softmax",
]
