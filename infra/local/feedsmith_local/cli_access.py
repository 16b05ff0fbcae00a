"""``feedsmith keys`` and ``feedsmith issuers``.

With FEEDSMITH_TABLE set they work on that ledger table, with your own AWS credentials; without it, on the stack that
``feedsmith serve`` runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from feedsmith.errors import InvalidRequest, StoreUnavailable
from feedsmith.models import SCOPES
from feedsmith_local.terminal import LOCAL_URL, Json, Key, Url, answer, known_key, note, say, show

keys = typer.Typer(no_args_is_help=True, help="API keys of tenants' services.")
issuers = typer.Typer(no_args_is_help=True, help="OIDC issuers whose tokens let tenants' users in.")

Tenant = Annotated[str, typer.Option(help="Whose: lower-case letters, digits, - and _.")]
AnyTenant = Annotated[str | None, typer.Option(help="Whose; all tenants' by default.")]
Id = Annotated[str, typer.Argument(help="The key's id: what stands between fs_ and the next _.")]


@keys.command("create")
def create_key(
    tenant: Tenant,
    label: Annotated[str, typer.Option(help="Who will use it.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help=f"What it may do; repeat it. {', '.join(SCOPES)}.")] = None,
    operator: Annotated[bool, typer.Option("--operator", help="A key with every scope, for yourself.")] = False,
    expires_in_days: Annotated[int | None, typer.Option(help="Days until it ends; by default it does not.")] = None,
    json: Json = False,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Make an API key, and print it once."""
    made = _do(
        url,
        key,
        do="create_key",
        tenant=tenant,
        label=label,
        scopes=scope or [],
        operator=operator,
        expires_in_days=expires_in_days,
    )
    _print_key(made, json)


@keys.command("list")
def list_keys(tenant: AnyTenant = None, json: Json = False, url: Url = LOCAL_URL, key: Key = "") -> None:
    """Show the keys, newest first; secrets are not known to anybody here."""
    found = _do(url, key, do="list_keys", tenant=tenant)
    _table(found, json, id=str, tenant=str, role=str, label=str, scopes=" ".join, created_at=str, expires_at=_or_dash,
           revoked_at=_or_dash)  # fmt: skip


@keys.command("revoke")
def revoke_key(key_id: Id, json: Json = False, url: Url = LOCAL_URL, key: Key = "") -> None:
    """End a key. What API Gateway keeps of it lives on for ReauthorizeSeconds."""
    revoked = _do(url, key, do="revoke_key", id=key_id)
    _said(revoked, f"{revoked['id']} is revoked", json)


@keys.command("rotate")
def rotate_key(
    key_id: Id,
    overlap_hours: Annotated[float, typer.Option(min=0, help="Hours that the old key goes on.")] = 24,
    json: Json = False,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Make a key in place of another, which goes on until the holder has changed over."""
    _print_key(_do(url, key, do="rotate_key", id=key_id, overlap_hours=overlap_hours), json)


@issuers.command("add")
def add_issuer(
    issuer: Annotated[str, typer.Argument(help="The tokens' iss, letter by letter.")],
    tenant: Tenant,
    audience: Annotated[list[str], typer.Option(help="The tokens' aud; Cognito's app client id. Repeat it.")],
    jwks_uri: Annotated[str, typer.Option(help="Where its keys are; by default ISSUER/.well-known/jwks.json.")] = "",
    algorithm: Annotated[list[str] | None, typer.Option(help="What it signs with; RS256 by default.")] = None,
    json: Json = False,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Let the users of an OIDC issuer in, or change what is known of it."""
    known = {
        "url": issuer,
        "tenant": tenant,
        "audiences": audience,
        "jwks_uri": jwks_uri or f"{issuer.rstrip('/')}/.well-known/jwks.json",
        "algorithms": algorithm or ["RS256"],
    }
    added = _do(url, key, do="add_issuer", issuer=known)
    _said(added, f"users of {added['url']} are let in to {added['tenant']}", json)


@issuers.command("list")
def list_issuers(tenant: AnyTenant = None, json: Json = False, url: Url = LOCAL_URL, key: Key = "") -> None:
    """Show the issuers."""
    found = _do(url, key, do="list_issuers", tenant=tenant)
    _table(found, json, url=str, tenant=str, audiences=" ".join, algorithms=" ".join, jwks_uri=str)


@issuers.command("remove")
def remove_issuer(
    issuer: Annotated[str, typer.Argument(help="Its URL, as feedsmith issuers list shows it.")],
    json: Json = False,
    url: Url = LOCAL_URL,
    key: Key = "",
) -> None:
    """Let an issuer's users in no longer."""
    removed = _do(url, key, do="remove_issuer", url=issuer)
    _said(removed, f"users of {removed['url']} are let in no longer", json)


def _do(address: str, own_key: str, **action: Any) -> Any:
    if "FEEDSMITH_TABLE" in os.environ:
        return _here(action)
    from feedsmith_local.operations import ACCESS

    return there(address, known_key(own_key), ACCESS, action)


def there(address: str, own_key: str, path: str, action: dict[str, Any], *, timeout_s: float = 30) -> Any:
    """Ask a stack of this machine for what only whoever runs it may do."""
    import httpx

    try:
        # A stack of this machine: no proxy that the environment names leads there.
        answer = httpx.post(
            f"{address.rstrip('/')}{path}",
            json=action,
            headers={"Authorization": f"Bearer {own_key}"},
            trust_env=False,
            timeout=timeout_s,
        )
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise StoreUnavailable(
            f"no stack answers at {address} ({type(error).__name__}): start it with 'feedsmith serve', or set "
            "FEEDSMITH_TABLE to the table of a stack in the cloud"
        ) from error
    if not answer.is_success:
        raise InvalidRequest(said["detail"])
    return said


def _here(action: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    from feedsmith.bootstrap import services
    from feedsmith_local.access import ACTION, perform

    try:
        wanted = ACTION.validate_python(action)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors())
        raise InvalidRequest(wrong) from error
    return perform(services().access, wanted)


def _print_key(made: dict[str, Any], json: bool) -> None:
    _said(made, made["text"], json)
    note("Only its hash is stored; keep it now.")


def _said(done: dict[str, Any], line: str, json: bool) -> None:
    if json:
        answer(done)
    else:
        say(line)


def _table(rows: list[dict[str, Any]], json: bool, **columns: Callable[[Any], str]) -> None:
    if json:
        answer(rows)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(escape(said(row[name])) for name, said in columns.items()))
    show(table)


def _or_dash(value: str | None) -> str:
    return value or "-"
