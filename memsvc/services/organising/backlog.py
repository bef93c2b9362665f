"""How long the text that has waited longest waits to be organised, as a metric."""

import asyncio
import math
from dataclasses import dataclass

from memsvc.errors import MemsvcError
from memsvc.ports import Clock
from memsvc.services.commands import Caller
from memsvc.store.transactions import Store
from memsvc.telemetry import ORGANISING_OLDEST_WAITING_SECONDS

_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Looks at the rows when it is asked, so that it tells of a backlog that no worker works on."""

    store: Store
    clock: Clock

    async def measure(self, caller: Caller) -> None:
        """Set the gauge to seconds over all banks; NaN while the database does not answer."""
        try:
            async with asyncio.timeout(_TIMEOUT_S), self.store.read(caller.tenant_id) as tx:
                since = await tx.activity.waiting_since()
        except (TimeoutError, MemsvcError):
            ORGANISING_OLDEST_WAITING_SECONDS.set(math.nan)
            return
        age_s = 0.0 if since is None else (self.clock.now() - since).total_seconds()
        ORGANISING_OLDEST_WAITING_SECONDS.set(max(0.0, age_s))
