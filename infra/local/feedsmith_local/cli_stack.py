"""``feedsmith serve``, ``demo`` and ``doctor``: the whole stack on this machine."""

from __future__ import annotations

import json as jsons
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from feedsmith_local.terminal import STATE, Json, answer, console, errors, note, say

Domain = Annotated[str, typer.Option(help="Domain of the content, such as news or commerce.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0: any free one.")]


def serve(
    port: Port = 8000,
    content: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Content to ingest at once.")
    ] = None,
    domain: Domain = "news",
    json: Json = False,
) -> None:
    """Run the whole stack here until Ctrl-C. Its data goes with it."""
    from feedsmith_local.stack import LocalStack

    _log()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_, signal.default_int_handler)
    with suppress(KeyboardInterrupt), LocalStack(STATE, port=port) as stack, _key_file(stack.key):
        if json:
            answer({"url": stack.base_url, "key": stack.key, "tenant": stack.tenant})
        else:
            console.print(f"feedsmith listens on [bold]{stack.base_url}[/]", highlight=False)
            link = f"{stack.base_url}/console#key={stack.key}"
            console.print(f"console: [bold]{link}[/]", highlight=False, soft_wrap=True)
            console.print(f"key: [bold]{stack.key}[/]  (tenant {stack.tenant})", highlight=False, soft_wrap=True)
        if content is not None:
            with errors.status(f"ingesting {content.name}"):
                done = stack.wait_for_ingestion(stack.upload(content, domain=domain))
            said = f"{done.indexed} items indexed, {done.unchanged} unchanged, {done.rejected} rows rejected"
            note(f"{content.name}: {done.reason or said}")
        note("Ctrl-C ends it.")
        signal.pause()
    note("ended")


def demo(
    content: Annotated[Path | None, typer.Option(exists=True, help="Your own content instead of BBC articles.")] = None,
    domain: Domain = "news",
    report: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path("reports/demo.json"),
    json: Json = False,
) -> None:
    """Do the main job on real articles: ingest, read, cluster, rank, write, measure."""
    from feedsmith_local import demo as job

    _log()
    job.main(content=content, domain=domain, report=report, console=errors if json else console)
    if json:
        answer(jsons.loads(report.read_text(encoding="utf-8")))


def doctor(
    port: Port = 8000,
    aws: Annotated[bool, typer.Option("--aws", help="Look for AWS credentials, too; asks AWS who you are.")] = False,
    json: Json = False,
) -> None:
    """Check that all is there to run the stack here, and say what to do where it is not."""
    from feedsmith_local.doctor import examine
    from feedsmith_local.template import TEMPLATE

    models = Path(os.environ.get("FEEDSMITH_MODELS_PATH", TEMPLATE.parent / "build" / "models"))
    checks = list(examine(port, models, aws=aws))
    if json:
        answer([check.told() for check in checks])
    else:
        for check in checks:
            mark = "[green]ok[/]  " if check.well else "[red]no[/]  " if check.needed else "[yellow]--[/]  "
            console.print(mark, end="")
            say(f"{check.name}: {check.found}{'' if check.well else f' -> {check.remedy}'}")
        if any(not check.well and not check.needed for check in checks):
            note("-- is not needed to serve")
    if not all(check.well for check in checks if check.needed):
        raise typer.Exit(1)


@contextmanager
def _key_file(key: str) -> Iterator[None]:
    """Leave the key where the other commands find it, for this user's eyes only, while the stack runs."""
    path = STATE / "key"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(key)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _log() -> None:
    level = os.environ.get("LOG_LEVEL", "WARNING")
    logging.basicConfig(level=level, format="%(message)s", handlers=[RichHandler(console=errors, show_path=False)])
