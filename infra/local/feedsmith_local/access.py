"""What `feedsmith keys` and `feedsmith issuers` ask for, and doing it: here, or in a running `feedsmith serve`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from feedsmith.access.admin import AccessAdmin, NewKey
from feedsmith.models import ApiKey, Domain, Issuer, JsonObject, KeyId, Model, Scope


class CreateKey(Model):
    """Make a key."""

    do: Literal["create_key"] = "create_key"
    tenant: Domain
    label: Annotated[str, Field(max_length=100)] = ""
    scopes: tuple[Scope, ...] = ()
    operator: bool = False
    expires_in_days: int | None = Field(None, ge=1, le=36_500)


class ListKeys(Model):
    """Show keys, of one tenant or of all."""

    do: Literal["list_keys"] = "list_keys"
    tenant: Domain | None = None


class RevokeKey(Model):
    """End a key."""

    do: Literal["revoke_key"] = "revoke_key"
    id: KeyId


class RotateKey(Model):
    """Make a key in place of another."""

    do: Literal["rotate_key"] = "rotate_key"
    id: KeyId
    overlap_hours: float = Field(ge=0, le=24 * 365)


class AddIssuer(Model):
    """Let an issuer's users in."""

    do: Literal["add_issuer"] = "add_issuer"
    issuer: Issuer


class ListIssuers(Model):
    """Show issuers, of one tenant or of all."""

    do: Literal["list_issuers"] = "list_issuers"
    tenant: Domain | None = None


class RemoveIssuer(Model):
    """Let an issuer's users in no longer."""

    do: Literal["remove_issuer"] = "remove_issuer"
    url: str


Action: TypeAlias = CreateKey | ListKeys | RevokeKey | RotateKey | AddIssuer | ListIssuers | RemoveIssuer
ACTION: TypeAdapter[Action] = TypeAdapter(Annotated[Action, Field(discriminator="do")])


def perform(admin: AccessAdmin, action: Action) -> Any:
    """Do it; what is to be shown, as JSON."""
    match action:
        case CreateKey():
            days = action.expires_in_days
            return _new(
                admin.create(
                    action.tenant,
                    scopes=action.scopes,
                    label=action.label,
                    role="operator" if action.operator else "service",
                    lifetime=None if days is None else timedelta(days=days),
                )
            )
        case ListKeys():
            return [_key(key) for key in admin.keys(action.tenant)]
        case RevokeKey():
            return _key(admin.revoke(action.id))
        case RotateKey():
            return _new(admin.rotate(action.id, timedelta(hours=action.overlap_hours)))
        case AddIssuer():
            return _issuer(admin.save_issuer(action.issuer))
        case ListIssuers():
            return [_issuer(issuer) for issuer in admin.issuers(action.tenant)]
        case RemoveIssuer():
            return _issuer(admin.remove_issuer(action.url))


def _key(key: ApiKey) -> JsonObject:
    return key.model_dump(mode="json", exclude={"secret_hash", "revision"}) | {"scopes": sorted(key.scopes)}


def _new(made: NewKey) -> JsonObject:
    return {**_key(made.key), "text": made.text}


def _issuer(issuer: Issuer) -> JsonObject:
    return issuer.model_dump(mode="json", exclude={"revision"})
