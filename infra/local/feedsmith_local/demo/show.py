"""What the demo prints."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from feedsmith.messages import UserProfile
from feedsmith.models import Recommendation, Rendition
from feedsmith_local.demo.readers import Reader


def reader(console: Console, who: Reader, profile: UserProfile, slate: Recommendation, texts: list[Rendition]) -> None:
    """One reader: interests and segment, five places with their terms and reasons, two texts with their verdicts."""
    console.rule(f"{who.user_id} (simulated; hidden taste: {', '.join(who.taste)})")
    interests = ", ".join(f"{i.label} {i.weight:.0%}" for i in profile.interests)
    console.print(f"interests: {interests}    segment: {profile.segment} ({profile.segment_label})")
    table = Table("#", "item", "score", "terms", "reasons", show_lines=True)
    for item in slate.items:
        terms = sorted(item.terms, key=lambda t: -abs(t.contribution))
        table.add_row(
            str(item.position + 1),
            escape(item.title),
            f"{item.score:.3f}",
            "\n".join(f"{t.name} {t.contribution:+.3f}" for t in terms if abs(t.contribution) >= 0.0005),
            escape("\n".join(r.text for r in item.reasons)),
        )
    console.print(table)
    for text in texts:
        failed = [c.name for c in text.verdict.checks if not c.passed]
        verdict = "passed" if text.verdict.passed else f"failed {', '.join(failed)}"
        console.print(f"[bold]{text.kind}[/] for {text.audience}: {escape(text.text)}")
        console.print(
            f"  words: {text.source}; gate: {verdict} ({len(text.verdict.checks)} checks); "
            f"candidates dropped: {text.rejected}" + (f"; {escape(text.note)}" if text.note else "")
        )


def measured(console: Console, result: dict[str, Any]) -> None:
    """The figures of the report."""
    table = Table("measured", "", title="What this run measured")
    for name, value in result.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {inner}" for key, inner in value.items())
        table.add_row(name, str(value))
    console.print(table)
