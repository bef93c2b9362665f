"""Graphs of banks, kept up in memory."""

import asyncio

from memsvc.domain.memory import BankScope
from memsvc.memory_index.memory_graph import MemoryGraph
from memsvc.memory_index.replicas import BankReplicas


class GraphArm:
    """Hands graphs out, if that does not take too long."""

    def __init__(self, replicas: BankReplicas) -> None:
        self._replicas = replicas
        self._loading: dict[BankScope, asyncio.Task[MemoryGraph]] = {}

    async def graph(
        self, scope: BankScope, *, asked_at: float | None = None, within_s: float | None = None
    ) -> MemoryGraph | None:
        """Return the graph, complete up to ``asked_at``, or ``None`` after ``within_s``.

        Then it goes on loading, for whoever asks next.
        """
        if within_s is None:
            return await self._replicas.graph(scope, asked_at)
        loading = self._loading.get(scope)
        if loading is None or loading.done():
            loading = asyncio.create_task(self._replicas.graph(scope, asked_at))
            self._loading[scope] = loading
            loading.add_done_callback(lambda done: self._forget(scope, done))
        done, _ = await asyncio.wait({loading}, timeout=within_s)
        if not done:
            return None
        graph = loading.result()
        # What was loading already may have begun before this question; catching up is quick.
        return await self._replicas.graph(scope, asked_at) if asked_at is not None else graph

    def _forget(self, scope: BankScope, task: "asyncio.Task[MemoryGraph]") -> None:
        if self._loading.get(scope) is task:
            del self._loading[scope]
        if not task.cancelled():
            task.exception()  # whoever waits has it; nobody else need be told
