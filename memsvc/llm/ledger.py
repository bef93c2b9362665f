"""Who keeps account of model calls."""

from typing import Protocol

from memsvc.domain.identifiers import TenantId
from memsvc.domain.model_calls import CallEnding, ModelCallId, NewModelCall


class CallLedger(Protocol):
    """Takes calls down before they are made."""

    async def reserve(self, tenant_id: TenantId, new: NewModelCall) -> ModelCallId:
        """Take down a call that may be made; raises ``BudgetExceededError``."""
        ...

    async def settle(self, tenant_id: TenantId, call_id: ModelCallId, ending: CallEnding) -> None:
        """Say what it has taken."""
        ...
