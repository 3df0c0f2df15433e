"""/healthz and /readyz, for load balancers and supervisors; they need no key and tell nothing of anybody."""

import asyncio
from typing import Final

import structlog
from litestar import Response, get

from heliograph.domain.refusals import Unavailable
from heliograph.faces.api.api_context import ApiRequest, context_of, json_answer
from heliograph.storage.database import Database
from heliograph.storage.migrations_runner import MigrationError, check_schema
from heliograph.telemetry import describe_error

PATIENCE_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 1.0

log = structlog.get_logger()


@get("/healthz")
async def read_health() -> Response[bytes]:
    """The process is alive."""
    return json_answer({"status": "alive"})


@get("/readyz")
async def read_readiness(request: ApiRequest) -> Response[bytes]:
    """The database can be reached and has the schema of this release; else 503."""
    fault = await find_fault(context_of(request).database)
    if fault is not None:
        raise Unavailable(f"Not ready: {fault}.", RETRY_SECONDS)
    return json_answer({"status": "ready"})


async def find_fault(database: Database) -> str | None:
    """Why requests cannot be served now, in one line; None if they can."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await check_schema(database)
    except MigrationError as failure:
        return str(failure)
    except Exception as failure:
        log.warning("api.not_ready", error=describe_error(failure))
        return "the database cannot be used"
    return None
