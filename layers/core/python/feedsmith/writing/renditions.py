"""Puts texts together: from what the store has of an item, and into what the reader gets."""

from __future__ import annotations

from collections.abc import Sequence

from feedsmith.domains.loader import Domain
from feedsmith.models import Rendition, Verdict
from feedsmith.stores.codec import item_of
from feedsmith.stores.vectors import Hit
from feedsmith.writing.audience import Audience
from feedsmith.writing.budget import Metered
from feedsmith.writing.composer import Composed, Piece
from feedsmith.writing.drafting import Task


def piece_of(hit: Hit, domain: Domain, language: str | None = None) -> Piece:
    """The item of a hit, in its own language where that is known, else in the one asked for."""
    if hit.vector is None:
        raise ValueError("a hit without its vector: retrieve with with_vectors=True")
    indexed = item_of(hit)
    return Piece(indexed, hit.vector, domain, indexed.item.language or indexed.understanding.language or language)


def rendition_of(tasks: Sequence[Task], lines: Sequence[Composed], audience: Audience, writer: Metered) -> Rendition:
    """One text, or the cited lines of a digest. Words of several origins count as the least certain one's."""
    origins = [line.chosen.source for line in lines]
    first = tasks[0]
    cited = first.kind == "digest"
    checks = (
        check.model_copy(update={"name": f"{number}:{check.name}"}) if cited else check
        for number, line in enumerate(lines, 1)
        for check in line.chosen.verdict.checks
    )
    notes = dict.fromkeys(line.note for line in lines if line.note)
    return Rendition(
        kind=first.kind,
        item_ids=tuple(task.piece.indexed.item.id for task in tasks),
        language=first.piece.language,
        text="\n".join(f"{line.chosen.text} [{n}]" if cited else line.chosen.text for n, line in enumerate(lines, 1)),
        source="model" if "model" in origins else "extractive" if "extractive" in origins else "original",
        audience=audience.kind,
        ground=first.ground,
        verdict=Verdict(passed=all(line.chosen.verdict.passed for line in lines), checks=tuple(checks)),
        rejected=sum(line.rejected for line in lines),
        writer=writer.name,
        prompt_version=first.version,
        tokens=writer.usage.tokens,
        cost=writer.cost,
        note="; ".join(notes) or None,
        disclaimer=disclaimer_of(first.piece.domain, first.piece.language),
    )


def disclaimer_of(domain: Domain, language: str | None) -> str | None:
    """The domain's own, in the text's language."""
    return domain.cautions.disclaimer.get(language) if domain.cautions.disclaimer else None
