"""HTTP: figures and experiments."""

from __future__ import annotations

from feedsmith import bootstrap
from feedsmith.errors import Forbidden, NotFound, ValidationFailed
from feedsmith.experiments import Name, Plan
from feedsmith.insight.messages import ExperimentView, Metrics, MetricsQuery, Result, Results
from feedsmith.web import Api


def add_routes(app: Api) -> None:
    """Declare the routes."""

    def operator() -> str:
        """The tenant of an operator; nobody else may change what readers get."""
        if app.caller.role != "operator":
            raise Forbidden
        return app.caller.tenant

    @app.route("/v1/insight/metrics", methods=["GET"], scope="insight:read", raises=(NotFound,))
    def get_metrics(query: MetricsQuery) -> Metrics:
        """Click-through rate, conversion rate, satisfaction, freshness, coverage and costs, with 95 % intervals.

        They are as of ``counted_at``; a schedule counts anew. A row tells of no day on which it has fewer than
        ``least_users`` users; groups that small are in the row ``other``. Users who refuse analytics are in none.
        """
        return bootstrap.services().figures.metrics(app.caller.tenant, query)

    @app.route("/v1/insight/experiments", methods=["GET"], scope="insight:read")
    def get_results() -> Results:
        """All experiments, and what may be concluded from each."""
        s, tenant = bootstrap.services(), app.caller.tenant
        return Results(experiments=tuple(s.figures.result(tenant, one) for one in s.experiments.list(tenant)))

    @app.route("/v1/insight/experiments/{experiment_id}", methods=["GET"], scope="insight:read", raises=(NotFound,))
    def get_result(experiment_id: Name) -> Result:
        """What may be concluded from one experiment, by which test, and what not."""
        s, tenant = bootstrap.services(), app.caller.tenant
        return s.figures.result(tenant, s.experiments.get(tenant, experiment_id))

    @app.route("/v1/experiments/{experiment_id}", methods=["GET"], scope="insight:read", raises=(NotFound,))
    def get_experiment(experiment_id: Name) -> ExperimentView:
        """An experiment as it was planned, and when it ran."""
        return ExperimentView.of(bootstrap.services().experiments.get(app.caller.tenant, experiment_id))

    @app.route(
        "/v1/experiments/{experiment_id}", methods=["PUT"], scope="insight:read", raises=(NotFound, ValidationFailed)
    )
    def put_experiment(experiment_id: Name, body: Plan) -> ExperimentView:
        """Make, change, start (``status: running``) or stop (``status: stopped``) an experiment; operators only.

        Once it runs, nothing but its status can change. It starts when all processes know of it, about a minute later.
        """
        return ExperimentView.of(bootstrap.services().experiments.put(operator(), experiment_id, body))

    @app.route(
        "/v1/experiments/{experiment_id}", methods=["DELETE"], scope="insight:read", raises=(NotFound, ValidationFailed)
    )
    def delete_experiment(experiment_id: Name) -> None:
        """Forget an experiment that does not run; operators only."""
        bootstrap.services().experiments.delete(operator(), experiment_id)
