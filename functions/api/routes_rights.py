"""HTTP: what users may take with them, and how they leave."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from feedsmith import bootstrap
from feedsmith.errors import InvalidRequest
from feedsmith.messages import ErasureReport
from feedsmith.models import Id, Model
from feedsmith.privacy.export import ExportPage
from feedsmith.web import Api


class ExportQuery(Model):
    """Which page of an export."""

    limit: int = Field(1_000, ge=1, le=5_000, description="Most records of the page")
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] | None = Field(
        None, description="As the page before gave it"
    )


def add_routes(app: Api) -> None:
    """Declare the routes."""

    @app.route("/v1/users/{user_id}/export", methods=["GET"], scope="users:admin", raises=(InvalidRequest,))
    def export_user(user_id: Id, query: ExportQuery) -> ExportPage:
        """Everything that is held of a user, readable, page by page.

        Ask again with the answer's cursor until there is none.
        """
        s = bootstrap.services()
        return s.user_export.page(app.caller.tenant, user_id, limit=query.limit, cursor=query.cursor)

    @app.route("/v1/users/{user_id}", methods=["DELETE"], scope="users:admin")
    def erase_user(user_id: Id) -> ErasureReport:
        """Erase everything that is held of a user, for good.

        Events, wishes, personal texts, profiles and their vectors are gone when the answer is complete. What is still
        on its way from events before does nothing any more; an event sent after it starts the user anew.
        """
        done = bootstrap.services().erasure.erase(app.caller.tenant, user_id)
        return ErasureReport(complete=done.proof is not None, erased=done.counts, proof=done.proof)
