"""Facts as they are listed: what holds now, what held at a time, whose, page by page."""

from datetime import UTC, datetime

from memsvc_client import AsyncBank, AsyncClient, Fact

from memsvc.domain.facts.listing import FactListing
from memsvc.domain.paging import PageRequest
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.serving import ON_DEMAND, serving
from tests.integration.services.organising.test_facts import settle

SAID = [
    (1, "Ann", "I live in Lisbon."),
    (2, "Bob", "I work for Acme."),
    (6, "Ann", "I moved to Porto."),
    (9, "Bob", "I no longer work for Acme."),
]
LISBON, PORTO, ACME = "ann lives in lisbon", "ann lives in porto", "bob works for acme"


async def told(client: AsyncClient) -> AsyncBank:
    bank = client.bank("ada")
    for month, speaker, text in SAID:
        at = datetime(2024, month, 1, tzinfo=UTC)
        await bank.add_memory(text, speaker=speaker, occurred_at=at, create=True)
    await settle(client)
    return bank


def written(fact: Fact) -> str:
    return f"{fact.subject} {fact.predicate} {fact.object}"


async def test_facts_are_listed_by_when_they_held_and_whose_they_are(
    database: Database, embedder: HashingEmbedder
) -> None:
    async with serving(database, embedder, ON_DEMAND) as (client, _):
        bank = await told(client)

        async def listed(**narrowing: object) -> list[str]:
            return [written(each) async for each in bank.facts(**narrowing)]  # type: ignore[arg-type]

        def month(number: int) -> datetime:
            return datetime(2024, number, 1, tzinfo=UTC)

        assert await listed() == [PORTO]
        assert await listed(as_of=datetime(2023, 1, 1, tzinfo=UTC)) == []
        assert await listed(as_of=month(3)) == [ACME, LISBON]
        # The instant of an ending belongs to what follows.
        assert await listed(as_of=month(6)) == [PORTO, ACME]
        assert await listed(as_of=month(9)) == [PORTO]
        assert await listed(all=True) == [ACME, PORTO, ACME, LISBON]
        assert await listed(all=True, subject="Bob") == [ACME, ACME]
        assert await listed(all=True, entity="LISBON") == [LISBON]
        assert await listed(all=True, subject="Lisbon") == []
        assert await listed(predicate="Lives in") == [PORTO]

        [lisbon] = [each async for each in bank.facts(entity="Lisbon", all=True)]
        [porto] = [each async for each in bank.facts()]
        assert (lisbon.valid_to, lisbon.superseded_by) == (porto.valid_from, porto.id)
        [denial] = [each async for each in bank.facts(all=True) if each.denies]
        assert denial.valid_from == month(9)

        await bank.archive(porto.memory_id)
        assert PORTO not in await listed(all=True)  # at once, before facts are settled again
        await settle(client)
        assert await listed() == [LISBON]


async def test_pages_hold_every_fact_once_also_of_one_instant(
    database: Database, embedder: HashingEmbedder
) -> None:
    async with serving(database, embedder, ON_DEMAND) as (client, _):
        bank, at = client.bank("ada"), datetime(2024, 1, 1, tzinfo=UTC)
        names = ["Ann", "Bob", "Cleo", "Dora", "Emil"]
        for name in names:
            await bank.add_memory("I live in Rome.", speaker=name, occurred_at=at, create=True)
        await settle(client)

        page, found = PageRequest(limit=2), list[str]()
        async with database.store.read(DEFAULT_TENANT) as tx:
            bank_id = (await tx.banks.resolve("ada")).scope.bank_id
            while True:
                part = await tx.facts.list(bank_id, FactListing(), page)
                found += [each.claim.subject for each in part.items]
                if part.next_cursor is None:
                    break
                page = PageRequest(limit=2, cursor=part.next_cursor)
    assert sorted(found) == [each.lower() for each in names]
