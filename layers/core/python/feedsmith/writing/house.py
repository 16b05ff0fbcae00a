"""What the house writer is asked: the very text that it was trained on, nothing around it."""

from __future__ import annotations

from collections.abc import Sequence

READS = 3
"""Most headlines of the reader's history in a prompt: those nearest to the story, the nearest last."""

READ_CHARACTERS = 120
STORY_CHARACTERS = 450

END = "<|im_end|>"


def house_prompt(story: str, reads: Sequence[str]) -> str:
    """The prompt of a headline for one reader.

    Parameters
    ----------
    story
        The text to name, without its title: the model is to find words of its own.
    reads
        Headlines that the reader read, nearest to the story first; the first :data:`READS` are used.

    Returns
    -------
    str
        Ends before the space of the headline's first word.
    """
    lines = [f"Read: {_cut(read, READ_CHARACTERS)}" for read in reversed(reads[:READS])]
    return "\n".join([*lines, f"Story: {_cut(story, STORY_CHARACTERS)}", "Headline:"])


def _cut(text: str, most: int) -> str:
    """One line, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most + 1].rsplit(" ", 1)[0][:most]
