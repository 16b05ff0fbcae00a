"""Schedule -> every tenant's figures, counted anew."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from feedsmith.bootstrap import services

logger = Logger()


def count(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Count each tenant's events; a failure is raised after the others are done."""
    s = services()
    counted: dict[str, int] = {}
    failures = []
    for tenant in s.ledger.tenants():
        try:
            counted[tenant] = s.counting.count(tenant)
        except Exception as error:  # noqa: BLE001  one tenant's failure must not keep the others from running
            failures.append(error)
            logger.error("events were not counted", extra={"tenant": tenant, "error": type(error).__name__})
    if failures:
        raise ExceptionGroup("counting failed", failures)
    return {"events": counted}
