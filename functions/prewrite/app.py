"""Schedule -> texts of head items, written ahead; the end of a batch job -> its texts are kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger

from feedsmith.bootstrap import Services, services

logger = Logger()


def prewrite(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Collect each tenant's batch jobs, and on schedule write what is missing; a failure is raised after the others."""
    s = services()
    reports, failures = [], []
    for tenant in s.ledger.tenants():
        try:
            # Only the schedule submits: the end of a job is told while other runs may be at work.
            report = _collect(s, tenant) | (_write(s, tenant, context) if event.get("source") != "aws.bedrock" else {})
        except Exception as error:  # noqa: BLE001  one tenant's failure must not keep the others from running
            failures.append(error)
            logger.error("writing ahead failed", extra={"tenant": tenant, "error": type(error).__name__})
            continue
        reports.append({"tenant": tenant, **report})
    if failures:
        raise ExceptionGroup("writing ahead failed", failures)
    return {"reports": reports}


def _collect(s: Services, tenant: str) -> dict[str, Any]:
    return {"collected": asdict(s.batch_prewriter.collect(tenant))} if s.batch_prewriter is not None else {}


def _write(s: Services, tenant: str, context: Any) -> dict[str, Any]:
    tasks = [task for domain in s.domains for task in s.prewriter.missing(tenant, domain)]
    submitted = 0
    if s.batch_prewriter is not None:
        submitted, tasks = s.batch_prewriter.submit(tenant, tasks)
    written = s.prewriter.write(tenant, tasks, lambda: context.get_remaining_time_in_millis() / 1000)
    return {"submitted": submitted, **asdict(written)}
