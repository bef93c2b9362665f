"""Doing a change once: the answer is stored in the change's own transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from memsvc.domain.identifiers import BankId
from memsvc.errors import IdempotencyMismatchError
from memsvc.services.commands import Caller, RequestKey
from memsvc.store.idempotency import StoredResponse
from memsvc.store.transactions import Store, WriteTransaction

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[Result]):
    """The result of a change, and whether it is the stored answer of an earlier request."""

    value: Result
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Once(Generic[Result]):
    """Runs changes whose results are of one type."""

    store: Store
    result: TypeAdapter[Result]
    bank_of: Callable[[Result], BankId | None]
    """Which bank a result quotes: stored answers are removed together with it."""

    async def replay(self, caller: Caller, key: RequestKey | None) -> Outcome[Result] | None:
        """Return the stored answer, if an earlier request with this key has committed.

        Lets a use case skip costly preparation; ``run`` alone decides.
        """
        if key is None:
            return None
        async with self.store.read(caller.tenant_id) as tx:
            stored = await tx.idempotency.find(key.route, key.key)
        return None if stored is None else self._decode(stored, key)

    async def run(
        self,
        caller: Caller,
        key: RequestKey | None,
        work: Callable[[WriteTransaction], Awaitable[Result]],
    ) -> Outcome[Result]:
        """Run ``work`` in one transaction, or return what it answered under the same key.

        Raises ``IdempotencyMismatchError`` when the key was used with another body.
        """
        async with self.store.write(caller.tenant_id) as tx:
            if key is None:
                return Outcome(value=await work(tx))
            stored = await tx.idempotency.claim(key.route, key.key, key.body_hash)
            if stored is not None:
                return self._decode(stored, key)
            value = await work(tx)
            response = self.result.dump_python(value, mode="json")
            await tx.idempotency.complete(key.route, key.key, response, self.bank_of(value))
            return Outcome(value=value)

    def _decode(self, stored: StoredResponse, key: RequestKey) -> Outcome[Result]:
        if stored.body_hash != key.body_hash:
            raise IdempotencyMismatchError
        return Outcome(value=self.result.validate_python(stored.response), replayed=True)
