"""The commands on whole tenants and on proofs of erasure.

They work on the stores that the environment names, with your own AWS credentials.
"""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

from feedsmith.errors import InvalidRequest
from feedsmith_local.terminal import Json, answer, errors, note, say

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
    json: Json = False,
) -> None:
    """Make a new version of a tenant's key; users move to it at their next request."""
    from feedsmith.bootstrap import services

    if retire:
        with errors.status("sealing anew"):
            done = services().tenants.retire_keys(tenant)
        if json:
            answer({"tenant": tenant, "resealed": done.resealed, "erased": done.erased})
            return
        say(
            f"only the newest key of {tenant} is left: {done.resealed} events sealed anew, {done.erased} users "
            "erased who had made no request since it was made"
        )
        return
    version = services().tenants.rotate_key(tenant)
    if json:
        answer({"tenant": tenant, "version": version})
        return
    say(f"version {version} of the key of {tenant} is in use within a minute")
    note("When all who matter have come by: feedsmith tenants rotate-key --retire")


@tenants.command("export")
def export(
    tenant: Tenant,
    out: Annotated[Path, typer.Option(dir_okay=False, writable=True, help="JSON Lines; replaced.")],
    json: Json = False,
) -> None:
    """Write everything that is held of a tenant, in the clear but for user ids; objects of S3 by name."""
    from feedsmith.bootstrap import services

    part = out.with_name(f"{out.name}.part")
    count = 0
    try:
        part.touch(mode=0o600)
        with errors.status("exporting") as status, part.open("w", encoding="utf-8", newline="\n") as file:
            for thing in services().tenants.export(tenant):
                file.write(jsons.dumps(thing, ensure_ascii=False) + "\n")
                count += 1
                status.update(f"exporting: {count} things")
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    if json:
        answer({"things": count, "out": str(out)})
    else:
        note(f"{count} things in {out}")


@tenants.command("delete")
def delete(
    tenant: Tenant, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, json: Json = False
) -> None:
    """Delete a tenant with all its content, users, models and keys. Nothing brings it back."""
    from feedsmith.bootstrap import services

    if not yes and typer.prompt(f"This deletes all of {tenant}. Type its name", err=True) != tenant:
        raise InvalidRequest("that is another name; nothing was deleted")
    with errors.status("deleting"):
        counts = services().tenants.delete(tenant)
    if json:
        answer(dict(counts))
    else:
        say(", ".join(f"{count} {store}" for store, count in counts.items()) + " deleted")


@erasure.command("verify")
def verify(
    proof: Annotated[str, typer.Argument(help="The proof that the erasure answered.")],
    user: Annotated[str, typer.Option(help="The user id that it is said to be about.")],
    json: Json = False,
) -> None:
    """Check that this deployment signed a proof, and that it is about this user."""
    from feedsmith.bootstrap import services
    from feedsmith.privacy.proof import verify as check

    said = check(proof, user, services().signer.public_key())
    if json:
        answer({"genuine": True, "tenant": said.tenant, "at": said.at.isoformat(), "erased": dict(said.erased)})
        return
    counts = ", ".join(f"{count} {kind}" for kind, count in said.erased.items()) or "nothing was held"
    say(f"genuine: erased from {said.tenant} at {said.at:%Y-%m-%d %H:%M:%S} UTC ({counts})")
