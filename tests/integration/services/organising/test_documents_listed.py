"""Summaries and editions of portraits, listed: what they cover, and whether they still hold."""

from datetime import UTC, datetime

import pytest
from memsvc_client import AsyncBank, AsyncClient, PortraitNotFoundError

from memsvc.domain.jobs import JobKind
from memsvc.embedding.token_counters import open_token_counter
from memsvc.services.organising.assembly import document_stages
from memsvc.settings import Settings
from memsvc.system_clock import SystemClock
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.integration.promises.test_published_defects import context_of

FIRST, SECOND = (datetime(2023, 5, day, 12, tzinfo=UTC) for day in (8, 9))


async def consolidate(database: Database) -> None:
    tokens = open_token_counter(Settings().tokens, HashingEmbedder())
    for stage in document_stages(database.store, SystemClock(), tokens):
        await stage.run(await context_of(database, "ann", JobKind.CONSOLIDATE))


async def listed(bank: AsyncBank, **narrowing: str) -> list[tuple[str, bool]]:
    return [(each.kind, each.stale) async for each in bank.summaries(**narrowing)]


async def test_summaries_say_what_they_cover_and_whether_that_has_changed(
    client: AsyncClient, database: Database
) -> None:
    bank = client.bank("ann")
    for text, session, day in (
        ("I moved to Lisbon.", "one", FIRST),
        ("I adopted a dog named Rex.", "one", SECOND),
        ("The octopus is called Otto.", "two", SECOND),
    ):
        await bank.add_memory(text, create=True, session_id=session, occurred_at=day)
    await consolidate(database)

    assert sorted(await listed(bank)) == [("day", False), *[("session", False)] * 2]
    [one] = [each async for each in bank.summaries(session_id="one")]
    assert (one.covers_from, one.covers_to, one.sources) == (FIRST, SECOND, 2)
    assert "Rex" in one.text

    await bank.add_memory("Rex barks.", session_id="one", occurred_at=SECOND)
    assert await listed(bank, session_id="one") == [("session", True)]
    assert await listed(bank, session_id="two") == [("session", False)]
    await consolidate(database)
    assert {stale for _, stale in await listed(bank)} == {False}
    assert await listed(bank, kind="session", state="superseded") == [("session", False)]


async def test_every_edition_of_a_portrait_is_listed_newest_first(
    client: AsyncClient, database: Database
) -> None:
    bank = client.bank("ann")
    await bank.add_memory("I live in Lisbon.", create=True, user_id="org/ann", occurred_at=FIRST)
    await consolidate(database)
    await bank.add_memory("I live in Porto.", user_id="org/ann", occurred_at=SECOND)
    await consolidate(database)

    editions = [each async for each in bank.portrait_versions("org/ann")]

    assert [(each.number, each.state) for each in editions] == [(2, "active"), (1, "superseded")]
    assert [each.lines[0].text for each in editions] == ["lives in Porto", "lives in Lisbon"]
    assert (await bank.portrait("org/ann")).memory_id == editions[0].memory_id
    with pytest.raises(PortraitNotFoundError):
        _ = [each async for each in bank.portrait_versions("nobody")]
