"""Whether a scope is small enough is known of large banks without asking the database."""

from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import pytest

from memsvc.domain.filters import RecallFilter
from memsvc.domain.identifiers import BankId, TenantId
from memsvc.domain.memory import BankScope
from memsvc.services.recalling.pass_through import BankSizes, PassThrough, Scope
from memsvc.store.transactions import Store

BANK = BankScope(tenant_id=TenantId(UUID(int=1)), bank_id=BankId(UUID(int=2)))


class AskedError(Exception):
    """The database was asked."""


class NoStore:
    def read(self, tenant_id: TenantId) -> Any:
        raise AskedError(tenant_id)


class Sizes:
    def __init__(self, memories: int | None) -> None:
        self._memories = memories

    def held(self, scope: BankScope) -> int | None:
        assert scope == BANK
        return self._memories


def pass_through(memories: int | None) -> PassThrough:
    sizes: BankSizes = Sizes(memories)
    return PassThrough(cast("Store", NoStore()), sizes)


def scope(wanted: RecallFilter) -> Scope:
    return Scope(bank=BANK, filter=wanted, now=datetime(2026, 3, 1, tzinfo=UTC))


async def test_a_bank_that_is_held_and_far_too_large_is_not_counted() -> None:
    assert await pass_through(1_000_001).whole(scope(RecallFilter()), 2000) is None


@pytest.mark.parametrize(
    ("memories", "wanted"),
    [
        (None, RecallFilter()),
        (10, RecallFilter()),
        (600, RecallFilter()),  # It may have shrunk since it was last looked at.
        (1_000_000, RecallFilter(source="talk")),
    ],
)
async def test_others_are(memories: int | None, wanted: RecallFilter) -> None:
    with pytest.raises(AskedError):
        await pass_through(memories).whole(scope(wanted), 2000)
