"""Copies of a bank outside PostgreSQL: dropped when something is erased, and searched for it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from memsvc.domain.bank_models import BankModel, ModelState
from memsvc.domain.erasure import SearchReport
from memsvc.domain.memory import BankScope
from memsvc.errors import IndexUnavailableError
from memsvc.ports import BankCopies
from memsvc.services.index_upkeep import IndexServer
from memsvc.store.transactions import Store

_SERVER = "index server"
"""Names the index server in the report of a search."""
_PAUSE_S = 0.2


class AllCopies:
    """The ``BankCopies`` of an installation: this process, its data directory, the index server."""

    def __init__(
        self, store: Store, local: BankCopies, server: IndexServer | None, *, wait_s: float = 10.0
    ) -> None:
        """Give ``server``, where there is one, ``wait_s`` seconds to load the bank afresh."""
        self._store = store
        self._local = local
        self._server = server
        self._wait_s = wait_s

    async def drop(self, scope: BankScope) -> None:
        """Let go of what is held here; the server follows the change log by itself."""
        await self._local.drop(scope)

    async def search(self, scope: BankScope, memory_ids: Sequence[UUID]) -> SearchReport:
        """Look through the snapshot files for the memories, and through the server's vectors.

        The bank has got new partitions there, and a server that holds one has dropped the old one
        and its file. Vectors in it that PostgreSQL has not are left over; a partition that is not
        loaded yet is ``pending``, and a server that cannot be asked ``unsearched``.
        """
        report = await self._local.search(scope, memory_ids)
        if self._server is None:
            return report
        async with self._store.read(scope.tenant_id) as tx:
            models = await tx.models.list(scope.bank_id)
        held, unknown, waiting = 0, 0, 0
        deadline = time.monotonic() + self._wait_s
        for model in models:
            if model.state is ModelState.RETIRED:
                continue
            try:
                ids = await self._vectors(self._server, scope, model, deadline)
            except IndexUnavailableError:
                return replace(report, unsearched=[*report.unsearched, _SERVER])
            if ids is None:
                waiting += 1
                continue
            held += len(ids)
            async with self._store.read(scope.tenant_id) as tx:
                unknown += await tx.embeddings.count_unknown(scope.bank_id, model.model_id, ids)
        return replace(
            report,
            searched={**report.searched, _SERVER: held},
            leftovers={**report.leftovers, **({_SERVER: unknown} if unknown else {})},
            pending={**report.pending, **({_SERVER: waiting} if waiting else {})},
        )

    async def _vectors(
        self, server: IndexServer, scope: BankScope, model: BankModel, deadline: float
    ) -> Sequence[int] | None:
        """Return the ids of the vectors in the bank's partition, ``None`` if it is not loaded."""
        asked = (scope, model.model_id, model.dimension)
        while not await server.verification.is_loaded(*asked):
            if time.monotonic() > deadline:
                return None
            await asyncio.sleep(_PAUSE_S)
        return await server.verification.ids(*asked)
