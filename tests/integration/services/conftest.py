"""Use cases on a real database, with a cheap deterministic encoder."""

from dataclasses import dataclass

import pytest

from memsvc.domain.memory import BankScope
from memsvc.services.banks import Banks
from memsvc.services.commands import BankReference, Caller, NewBank
from memsvc.services.memories import Memories
from memsvc.services.remember import Remember
from memsvc.store.feed import StoreFeed
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.system_clock import SystemClock
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder


@dataclass(frozen=True)
class Service:
    """The write side of the service, and what it stands on."""

    database: Database
    embedder: HashingEmbedder
    caller: Caller
    banks: Banks
    remember: Remember
    memories: Memories
    feed: StoreFeed

    async def bank(self, name: str) -> BankScope:
        """Create a bank and return its scope."""
        outcome = await self.banks.create(self.caller, NewBank(name=name))
        return outcome.value.bank.scope


@pytest.fixture
def service(database: Database) -> Service:
    """Use cases wired as in production, but for encoder and indexes."""
    embedder, clock = HashingEmbedder(), SystemClock()
    return Service(
        database=database,
        embedder=embedder,
        caller=Caller(tenant_id=DEFAULT_TENANT, actor="test"),
        banks=Banks(database.store, embedder, clock),
        remember=Remember(database.store, embedder, clock),
        memories=Memories(database.store),
        feed=StoreFeed(database.engine, reload_after_changes=1000),
    )


@pytest.fixture
def bank() -> BankReference:
    """A bank that is made by the first write."""
    return BankReference(value="memories-of-ann", create=True)
