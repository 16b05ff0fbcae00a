"""Writes what each domain file sets into its page of the documentation: ``python infra/docs/domain_tables.py``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from feedsmith.domains import load_domains
from feedsmith.domains.loader import Domain

PAGES = Path(__file__).parents[2] / "docs" / "domains"
_PART = re.compile(
    r"(<!-- settings: made by infra/docs/domain_tables.py -->\n).*?(<!-- end of settings -->)", re.DOTALL
)


def table(domain: Domain) -> str:
    """The settings of a domain as a table in Markdown."""
    topics = ", ".join(f"{topic.label.en}{' *' if topic.sensitive else ''}" for topic in domain.taxonomy.values())
    reranking = domain.reranking
    rows = {
        "texts that can be written": ", ".join(domain.kinds),
        "topics": topics + ("; * sensitive: never shown as a reason, no grounds for a text" if "*" in topics else ""),
        "weight of an event": _weights(domain.event_weights),
        "an interaction counts half after": f"{domain.history_half_life_days:g} days",
        "a click counts half for popularity after": f"{domain.trend_half_life_hours:g} hours",
        "an item is half as fresh after": f"{domain.freshness_half_life_hours:g} hours",
        "what was consumed is recommended again": "yes" if domain.repeat else "no",
        "weights of the fixed ranker": _weights(domain.weights.model_dump()),
        "re-ranking": f"relevance against variety {reranking.mmr:g}, calibration {reranking.calibration:g}, at most "
        f"{reranking.max_per_provider} of a provider in ten, exploration {reranking.exploration:g}",
    }
    if domain.cautions.no_advice:
        rows["texts"] = "must not give advice"
    if domain.cautions.disclaimer:
        rows["to be shown with every text"] = domain.cautions.disclaimer.en
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join(["| setting | value |", "|---|---|", *lines, ""])


def updated(page: str, domain: Domain) -> str:
    """The page with the domain's settings of now."""
    text, count = _PART.subn(lambda found: f"{found[1]}\n{table(domain)}\n{found[2]}", page)
    if count != 1:
        raise ValueError(f"the page of {domain.name} needs one place for its settings, between the two comments")
    return text


def _weights(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {weight:g}" for name, weight in weights.items())


def main() -> None:
    """Update all pages."""
    for domain in load_domains().values():
        path = PAGES / f"{domain.name}.md"
        path.write_text(updated(path.read_text(encoding="utf-8"), domain), encoding="utf-8")


if __name__ == "__main__":
    main()
