"""The account of language model calls: kept for the model, shown to whoever pays."""

from collections.abc import Sequence
from datetime import timedelta

from memsvc.domain.identifiers import TenantId
from memsvc.domain.model_calls import Budget, Budgets, CallEnding, ModelCallId, NewModelCall, Usage
from memsvc.ports import Clock
from memsvc.services.call_tally import current_tally
from memsvc.services.commands import Caller
from memsvc.store.transactions import Store


class ModelCalls:
    """Reserves and settles calls, each in a transaction of its own."""

    def __init__(self, store: Store, clock: Clock, budgets: Budgets) -> None:
        """Hold every tenant to its budget."""
        self._store = store
        self._clock = clock
        self._budgets = budgets

    def budget_of(self, tenant_id: TenantId) -> Budget:
        """Return what a tenant may use in a day."""
        return self._budgets.of(tenant_id)

    async def reserve(self, tenant_id: TenantId, new: NewModelCall) -> ModelCallId:
        """Take down a call that may be made; raises ``BudgetExceededError``."""
        async with self._store.write(tenant_id) as tx:
            call_id = await tx.model_calls.reserve(new, self.budget_of(tenant_id))
        current_tally().begun(call_id, new)
        return call_id

    async def settle(self, tenant_id: TenantId, call_id: ModelCallId, ending: CallEnding) -> None:
        """Say what a call has taken."""
        current_tally().ended(call_id, ending)
        async with self._store.write(tenant_id) as tx:
            await tx.model_calls.settle(call_id, ending)

    async def usage(self, caller: Caller, days: int) -> Sequence[Usage]:
        """Return what was used in the last ``days`` days, newest first."""
        async with self._store.read(caller.tenant_id) as tx:
            return await tx.model_calls.usage(self._clock.now() - timedelta(days=days))
