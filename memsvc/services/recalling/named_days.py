"""What happened on the days that a question names in full, ranked by itself.

"What did they talk about on 28 April 2026?" says nothing but the day: what happened then need not
resemble the question, and is not among the best of all that is remembered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from memsvc.domain.fusion import Arm, Fused, FusionWeights, fuse
from memsvc.domain.identifiers import MemoryId
from memsvc.services.recalling.arms import ArmQuery, Arms, rankings_of
from memsvc.services.recalling.found import Question
from memsvc.services.recalling.question_times import within
from memsvc.store.transactions import Store

SHARE = 0.25
"""What a score among that day's memories counts beside scores among all of them: less than the best
of another day (0.3), more than what is far down."""
_MOST = 5_000
"""A day with more memories than this is no restriction worth a second search."""
_ARMS = frozenset({Arm.DENSE, Arm.LEXICAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDays:
    """Asks the arms that can be restricted over again, for the named days alone."""

    store: Store
    arms: Arms

    async def __call__(
        self, question: Question, asked: ArmQuery, wanted: frozenset[Arm], weights: FusionWeights
    ) -> Sequence[Fused]:
        """Return the best of the days by their own scores in [0, 1]; none without such a day."""
        if not question.names_days or not asked.is_indexed:
            return ()
        allowed = await self._of_the_days(question)
        if not 0 < len(allowed) <= _MOST:
            return ()
        outcomes = await self.arms.ask(replace(asked, allowed=allowed), wanted & _ARMS)
        return fuse(rankings_of(outcomes), weights, asked.k)

    async def _of_the_days(self, question: Question) -> Sequence[MemoryId]:
        scope = question.bank.scope
        found: set[MemoryId] = set()
        async with self.store.read(scope.tenant_id) as tx:
            for span in question.spans:
                narrowed = within(question.query.filter, [span])
                found.update(await tx.memories.allowed_ids(scope.bank_id, narrowed, question.now))
        if question.allowed is not None:
            found.intersection_update(question.allowed)
        return sorted(found)
