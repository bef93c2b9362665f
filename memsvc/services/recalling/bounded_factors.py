"""Ranking that also looks at what memories retain, and at how important their writers call them."""

from memsvc.domain.retention.weighing import bounded_factor, retained
from memsvc.services.recalling.found import Found, Question
from memsvc.settings import RecallSettings
from memsvc.store.recall_reads import RecallReads, Standings
from memsvc.store.transactions import Store


class BoundedFactors:
    """Multiplies scores by 1 - weight (1 - share), for retention and for importance."""

    def __init__(self, store: Store, reads: RecallReads, settings: RecallSettings) -> None:
        self._store = store
        self._reads = reads
        self._retention_weight = settings.retention_weight
        self._importance_weight = settings.importance_weight

    @property
    def weighs(self) -> bool:
        """Whether any weight is above 0."""
        return self._retention_weight > 0 or self._importance_weight > 0

    async def __call__(self, question: Question, found: Found) -> Found:
        """Return the candidates with what fades, and what is less important, counting less."""
        wanted = [each.memory_id for each in found.fused]
        standings = await self._reads.standings(question.bank.scope, wanted)
        if self._retention_weight > 0:
            found = await self._weighed_by_retention(question, found, standings)
        if self._importance_weight > 0:
            given = {
                memory_id: bounded_factor(each.importance, self._importance_weight)
                for memory_id, each in standings.items()
                if each.importance is not None
            }
            found = found.weighed(given, "importance")
        return found

    async def _weighed_by_retention(
        self, question: Question, found: Found, standings: Standings
    ) -> Found:
        """Nothing fades in a bank without a policy."""
        scope = question.bank.scope
        async with self._store.read(scope.tenant_id) as tx:
            stored = await tx.retention.policy(scope.bank_id)
        if stored is None or stored.policy is None:
            return found
        factors = {
            memory_id: bounded_factor(
                retained(stored.policy, each.item, question.now), self._retention_weight
            )
            for memory_id, each in standings.items()
        }
        return found.weighed({key: each for key, each in factors.items() if each < 1}, "retention")
