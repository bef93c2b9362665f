"""Scores times what memories retain, and how important they are, where settings say so."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import ASGITransport
from memsvc_client import AsyncBank, AsyncClient, NewMemory, RetentionPolicy

from memsvc.api.app import create_app
from memsvc.bootstrap import build_application
from memsvc.services.embedders import Embedders
from memsvc.setting_groups.recalling import RecallSettings
from memsvc.settings import ApiSettings, OrganiseSettings, Settings
from memsvc.store.engine import normalise_url
from tests.fixtures.application import LOCAL
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder

Opened = Callable[..., AbstractAsyncContextManager[AsyncBank]]
LATER = datetime.now(UTC) + timedelta(days=400)


@pytest.fixture
def opened(database: Database) -> Opened:
    """Open a bank of a service whose recalls have these settings."""

    @asynccontextmanager
    async def open_bank(**recall: float) -> AsyncIterator[AsyncBank]:
        application = build_application(
            Settings(
                organise=OrganiseSettings(automatic=False),
                recall=RecallSettings.model_validate(recall),
            ),
            normalise_url(database.url),
            database.engine,
            Embedders(default=HashingEmbedder()),
        )
        transport = ASGITransport(create_app(application, ApiSettings()))
        async with AsyncClient(LOCAL, transport=transport, max_retries=0) as client:
            await client.create_bank("ada", exist_ok=True)
            yield client.bank("ada")

    return open_bank


async def test_what_fades_falls_behind_by_the_weight_and_no_further(opened: Opened) -> None:
    async with opened(retention_weight=0.25) as bank:
        kept = await bank.add_memory("the blue lamp in the hall")
        await bank.add_memory("the blue lamp")
        await bank.set_retention_policy(RetentionPolicy())
        await bank.update(kept.id, pinned=True)

        now = await bank.recall("the blue lamp")
        later = await bank.recall("the blue lamp", now=LATER)

    before = {hit.memory.text: hit.score for hit in now.hits}
    for hit in later.hits:
        factor = 1.0 if hit.memory.id == kept.id else 0.75
        assert hit.score == pytest.approx(before[hit.memory.text] * factor, rel=1e-3)
        assert hit.factors.get("retention", 1.0) == pytest.approx(factor, abs=1e-6)


@pytest.mark.parametrize("weight", [0.0, 1.0])
async def test_nothing_fades_without_a_weight_or_without_a_policy(
    opened: Opened, weight: float
) -> None:
    async with opened(retention_weight=weight) as bank:
        await bank.add_memory("the blue lamp")
        if not weight:
            await bank.set_retention_policy(RetentionPolicy())

        [hit] = (await bank.recall("the blue lamp", now=LATER)).hits

    assert hit.factors == {}


async def test_importance_is_a_number_of_the_metadata_or_none(opened: Opened) -> None:
    said = {"lamp a": 0, "lamp b": 0.5, "lamp c": 7, "lamp d": "low", "lamp e": None}
    memories = [
        NewMemory(text=text, metadata={} if value is None else {"importance": value})
        for text, value in said.items()
    ]
    async with opened(importance_weight=0.5) as bank:
        await bank.add_memories(memories)
        hits = (await bank.recall("lamp")).hits
    async with opened() as bank:
        plain = (await bank.recall("lamp")).hits

    factors = {hit.memory.text: hit.factors.get("importance") for hit in hits}
    assert factors == {"lamp a": 0.5, "lamp b": 0.75, "lamp c": 1, "lamp d": None, "lamp e": None}
    assert all(hit.factors == {} for hit in plain)
    assert hits[-1].memory.text == "lamp a"
