"""A feed, and replicas that follow it."""

import pytest

from memsvc.memory_index.replicas import BankReplicas
from memsvc.settings import IndexSettings
from tests.unit.memory_index.fake_feed import MODEL, FakeFeed


@pytest.fixture
async def feed() -> FakeFeed:
    return FakeFeed()


@pytest.fixture
def replicas(feed: FakeFeed) -> BankReplicas:
    settings = IndexSettings(backend="exact", max_resident_memories=1000)
    return BankReplicas(feed, settings, model_id=MODEL)
