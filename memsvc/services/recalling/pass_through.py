"""The whole scope instead of a ranking, where it fits what the caller can read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from memsvc.domain.filters import RecallFilter
from memsvc.domain.memory import BankScope, Memory
from memsvc.store.context_reads import WholeLimit
from memsvc.store.transactions import Store

TOKENS_PER_MEMORY = 4
"""A scope is not looked at as a whole when its memories could have fewer on average."""
_BYTES_PER_TOKEN = 16
"""Or when its tokens would be longer: no language comes near."""
_STALE = 2
"""What is held may lag behind deletions: a bank not held to be twice too large is counted."""


class Mode(StrEnum):
    """How an answer was made."""

    RANKED = "ranked"
    PASSTHROUGH = "passthrough"
    """Nothing was ranked: it is all there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What may be shown: of a bank, by a filter, at an instant."""

    bank: BankScope
    filter: RecallFilter
    now: datetime


class BankSizes(Protocol):
    """Who knows how large a bank is without asking the database."""

    def held(self, scope: BankScope) -> int | None:
        """Return how many memories of the bank are held in memory, ``None`` if none are."""
        ...


class PassThrough:
    """Reads scopes that are small enough to be shown as a whole.

    Below some 150 conversations a model that reads everything answers better than one that reads
    what a memory system picks (ConvoMem, arXiv 2511.10523).
    """

    def __init__(self, store: Store, sizes: BankSizes) -> None:
        self._store = store
        self._sizes = sizes

    async def whole(self, scope: Scope, budget_tokens: int) -> Sequence[Memory] | None:
        """Return all memories of the scope as they happened, if they can fit the budget.

        Whether they do, whoever counts their tokens decides; what cannot is found out without
        reading it, and of a large bank that is in memory, without asking for it.
        """
        limit = WholeLimit(
            memories=budget_tokens // TOKENS_PER_MEMORY,
            text_bytes=budget_tokens * _BYTES_PER_TOKEN,
        )
        held = self._sizes.held(scope.bank)
        if scope.filter.is_trivial and held is not None and held > limit.memories * _STALE:
            return None
        async with self._store.read(scope.bank.tenant_id) as tx:
            return await tx.context.whole(scope.bank.bank_id, scope.filter, scope.now, limit)
