"""The whole scope instead of a ranking, where it fits what the caller can read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from memsvc.domain.filters import RecallFilter
from memsvc.domain.memory import Memory
from memsvc.services.commands import BankReference, Caller
from memsvc.store.context_reads import WholeLimit
from memsvc.store.transactions import Store

_TOKENS_PER_MEMORY = 4
"""A scope is not looked at as a whole when its memories could have fewer on average."""
_BYTES_PER_TOKEN = 16
"""Or when its tokens would be longer: no language comes near."""


class Mode(StrEnum):
    """How an answer was made."""

    RANKED = "ranked"
    PASSTHROUGH = "passthrough"
    """Nothing was ranked: it is all there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a caller may be shown: of a bank, by a filter, at an instant."""

    bank: BankReference
    filter: RecallFilter
    now: datetime


class PassThrough:
    """Reads scopes that are small enough to be shown as a whole.

    Below some 150 conversations a model that reads everything answers better than one that reads
    what a memory system picks (ConvoMem, arXiv 2511.10523).
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def whole(
        self, caller: Caller, scope: Scope, budget_tokens: int
    ) -> Sequence[Memory] | None:
        """Return all memories of the scope as they happened, if they can fit the budget.

        Whether they do, whoever counts their tokens decides; what cannot is found out without
        reading it. Raises ``BankNotFoundError``.
        """
        limit = WholeLimit(
            memories=budget_tokens // _TOKENS_PER_MEMORY,
            text_bytes=budget_tokens * _BYTES_PER_TOKEN,
        )
        async with self._store.read(caller.tenant_id) as tx:
            bank = await tx.banks.resolve(scope.bank.value)
            return await tx.context.whole(bank.scope.bank_id, scope.filter, scope.now, limit)
