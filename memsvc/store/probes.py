"""Health probes of the database and of what lives in it."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.engine.url import URL

from memsvc.domain.identifiers import TenantId
from memsvc.store import schema
from memsvc.store.transactions import Store

Probe = Callable[[], Awaitable[str]]


def database(store: Store, tenant_id: TenantId) -> Probe:
    """Tell whether a transaction can be opened as the runtime role."""

    async def probe() -> str:
        async with store.read(tenant_id):
            return "answers"

    return probe


def migrations(url: URL) -> Probe:
    """Tell whether the schema is at this version."""

    async def probe() -> str:
        await asyncio.to_thread(schema.require_current, url)
        return f"at revision {schema.head_revision()}"

    return probe


def workers(store: Store, tenant_id: TenantId, silent_for_s: float) -> Probe:
    """Tell whether any worker is alive to run background jobs."""

    async def probe() -> str:
        async with store.read(tenant_id) as tx:
            alive = await tx.jobs.live_workers(silent_for_s)
        # Requests are served without one, so this is told and fails nothing.
        return f"{alive} running" if alive else "none runs; start one with `memsvc worker`"

    return probe
