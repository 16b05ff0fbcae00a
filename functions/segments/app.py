"""Schedule -> re-clustering of every tenant's users."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from feedsmith.bootstrap import services

logger = Logger()


def recluster(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Cluster each tenant's users in each domain; a failure is raised after the others are done."""
    s = services()
    reports, failures = [], []
    for tenant in s.ledger.tenants():
        try:
            # Users who refuse have no profile; only a change of the tenant's default leaves those of many behind.
            if not s.wishes.default(tenant).profiling:
                s.profiles.drop_refused(tenant)
        except Exception as error:  # noqa: BLE001  as below; but nobody is clustered who may have refused
            failures.append(error)
            logger.error("profiles that are not allowed were not removed", extra={"error": type(error).__name__})
            continue
        for domain in s.domains:
            try:
                report = s.segments.recluster(tenant, domain)
            except Exception as error:  # noqa: BLE001  one tenant's failure must not keep the others from running
                failures.append(error)
                logger.error("re-clustering failed", extra={"domain": domain, "error": type(error).__name__})
                continue
            if report.users:
                counts = {"users": report.users, "segments": report.k, "silhouette": report.silhouette}
                reports.append({"tenant": tenant, "domain": domain, **counts})
    if failures:
        raise ExceptionGroup("re-clustering failed", failures)
    return {"reports": reports}
