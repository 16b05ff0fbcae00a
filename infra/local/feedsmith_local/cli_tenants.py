"""The commands on whole tenants and on proofs of erasure.

They work on the stores that the environment names, with your own AWS credentials.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from feedsmith_local.terminal import console, errors, one_line

tenants = typer.Typer(no_args_is_help=True, help="A tenant as a whole: its keys, its export, its end.")
erasure = typer.Typer(no_args_is_help=True, help="Proofs that users were erased.")

Tenant = Annotated[str, typer.Option(help="The tenant.")]


@tenants.command("rotate-key")
def rotate_key(
    tenant: Tenant,
    retire: Annotated[
        bool,
        typer.Option("--retire", help="Instead delete the old versions, and erase who made no request since."),
    ] = False,
) -> None:
    """Make a new version of a tenant's key; users move to it at their next request."""
    from feedsmith.bootstrap import services

    with one_line():
        if retire:
            done = services().tenants.retire_keys(tenant)
            console.print(
                f"only the newest key of {tenant} is left: {done.resealed} events sealed anew, {done.erased} users "
                "erased who had made no request since it was made",
                highlight=False,
                soft_wrap=True,
            )
            return
        version = services().tenants.rotate_key(tenant)
    console.print(f"version {version} of the key of {tenant} is in use within a minute", highlight=False)
    errors.print("When all who matter have come by: feedsmith tenants rotate-key --retire", highlight=False)


@tenants.command("export")
def export(
    tenant: Tenant, out: Annotated[Path, typer.Option(dir_okay=False, writable=True, help="JSON Lines; replaced.")]
) -> None:
    """Write everything that is held of a tenant, in the clear but for user ids; objects of S3 by name."""
    from feedsmith.bootstrap import services

    part = out.with_name(f"{out.name}.part")
    count = 0
    try:
        with one_line():
            part.touch(mode=0o600)
            with part.open("w", encoding="utf-8", newline="\n") as file:
                for thing in services().tenants.export(tenant):
                    file.write(json.dumps(thing, ensure_ascii=False) + "\n")
                    count += 1
            part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    errors.print(f"{count} things in {out}", highlight=False)


@tenants.command("delete")
def delete(tenant: Tenant, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete a tenant with all its content, users, models and keys. Nothing brings it back."""
    from feedsmith.bootstrap import services

    if not yes and typer.prompt(f"This deletes all of {tenant}. Type its name") != tenant:
        errors.print("[bold red]error:[/] that is another name; nothing was deleted")
        raise typer.Exit(1)
    with one_line():
        counts = services().tenants.delete(tenant)
    console.print(", ".join(f"{count} {store}" for store, count in counts.items()) + " deleted", highlight=False)


@erasure.command("verify")
def verify(
    proof: Annotated[str, typer.Argument(help="The proof that the erasure answered.")],
    user: Annotated[str, typer.Option(help="The user id that it is said to be about.")],
) -> None:
    """Check that this deployment signed a proof, and that it is about this user."""
    from feedsmith.bootstrap import services
    from feedsmith.privacy.proof import verify as check

    with one_line():
        said = check(proof, user, services().signer.public_key())
    counts = ", ".join(f"{count} {kind}" for kind, count in said.erased.items()) or "nothing was held"
    console.print(f"genuine: erased from {said.tenant} at {said.at:%Y-%m-%d %H:%M:%S} UTC ({counts})", highlight=False)
