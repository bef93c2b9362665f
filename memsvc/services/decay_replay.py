"""Before a policy takes effect: which past answers it would have taken evidence from."""

from collections.abc import Mapping

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.paging import PageRequest
from memsvc.domain.recorded_recalls import RecordedRecall
from memsvc.domain.retention.past_answers import PastAnswers, poorer_answers
from memsvc.domain.retention.policy import RetentionPolicy
from memsvc.domain.retention.sweep import Fate, plan_sweep
from memsvc.errors import NoRetentionPolicyError
from memsvc.ports import Clock
from memsvc.services.commands import BankReference, Caller
from memsvc.services.recalling.pass_through import Mode
from memsvc.services.retention import items_of
from memsvc.store.transactions import ReadTransaction, Store

MOST_RECALLS = 5_000
_PAGE = 500


class DecayReplay:
    """Runs recorded recalls against a policy; changes nothing."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(
        self,
        caller: Caller,
        bank: BankReference,
        policy: RetentionPolicy | None,
        recalls: int,
    ) -> PastAnswers:
        """Judge the newest ``recalls`` (up to ``MOST_RECALLS``) that were recorded and ranked.

        Raises ``NoRetentionPolicyError`` when there is neither a policy given nor set.
        """
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            if policy is None:
                stored = await tx.retention.policy(bank_id)
                policy = None if stored is None else stored.policy
            if policy is None:
                raise NoRetentionPolicyError
            found = await _newest(tx, bank_id, recalls)
            ids = {hit.memory_id for each in found for hit in each.hits}
            items = await tx.retention.items(bank_id, sorted(ids))
            over_capacity = await self._over_capacity(tx, bank_id, policy)
        return poorer_answers(
            policy, found, {item.memory_id: item for item in items}, over_capacity
        )

    async def _over_capacity(
        self, tx: ReadTransaction, bank_id: BankId, policy: RetentionPolicy
    ) -> Mapping[MemoryId, Fate]:
        if policy.capacity is None:
            return {}
        return plan_sweep(policy, await items_of(tx, bank_id), self._clock.now()).over_capacity


async def _newest(tx: ReadTransaction, bank_id: BankId, most: int) -> list[RecordedRecall]:
    found: list[RecordedRecall] = []
    cursor: str | None = None
    while len(found) < most:
        page = await tx.recall_log.list(bank_id, PageRequest(limit=_PAGE, cursor=cursor))
        # Where everything was shown, nothing was evidence.
        found += [each for each in page.items if each.mode == Mode.RANKED]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found[:most]
