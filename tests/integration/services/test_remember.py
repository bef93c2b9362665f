"""Promise 1: acknowledged means durable and recallable, in one transaction."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.domain.filters import MemoryListing
from memsvc.domain.memory import EpisodeKind, WriteStatus
from memsvc.domain.paging import PageRequest
from memsvc.errors import BankNotFoundError, IdempotencyMismatchError, InvalidRequestError
from memsvc.ports import FeedRequest, Watermark
from memsvc.services.commands import (
    BankReference,
    NewDocument,
    NewEpisode,
    NewMemory,
    NewMessage,
    RequestKey,
)
from tests.fixtures.services import Service


def talk(*texts: str, source: str | None = None) -> NewEpisode:
    messages = [
        NewMessage(text=each, speaker="Ann", external_id=f"m{no}") for no, each in enumerate(texts)
    ]
    return NewEpisode(kind=EpisodeKind.CONVERSATION, source=source, messages=messages)


def counts(service: Service) -> dict[str, int]:
    tables = (
        "memories",
        "memory_versions",
        "lexical_forms",
        "embeddings",
        "links",
        "index_changes",
        "audit_events",
        "jobs",
        "procrastinate_jobs",
    )
    with create_engine(
        service.database.urls.superuser_url, poolclass=NullPool
    ).connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in tables
        }


async def test_a_write_stores_text_form_vector_change_audit_and_links_together(
    service: Service, bank: BankReference
) -> None:
    outcome = await service.remember.episodes(
        service.caller, bank, [talk("I moved to Lisbon.", "The cat came along.", "She likes it.")]
    )

    assert outcome.value.embedded
    assert [each.status for each in outcome.value.memories] == [WriteStatus.CREATED] * 3
    assert counts(service) == {
        "memories": 3,
        "memory_versions": 3,
        "lexical_forms": 3,
        "embeddings": 3,
        "links": 2,
        "index_changes": 3,
        "audit_events": 3,
        "jobs": 0,
        "procrastinate_jobs": 0,
    }


async def test_an_absent_encoder_delays_vectors_and_never_loses_the_write(
    service: Service, bank: BankReference
) -> None:
    service.embedder.down = True

    outcome = await service.remember.items(service.caller, bank, [NewMemory(text="Call Bo.")])

    assert not outcome.value.embedded
    assert len(outcome.value.jobs) == 1
    found = counts(service)
    assert (found["memories"], found["lexical_forms"], found["embeddings"]) == (1, 1, 0)
    assert (found["jobs"], found["procrastinate_jobs"]) == (1, 1)


async def test_an_unknown_bank_is_not_found_unless_it_may_be_created(service: Service) -> None:
    with pytest.raises(BankNotFoundError):
        await service.remember.items(
            service.caller, BankReference(value="nobody"), [NewMemory(text="hello")]
        )


async def test_the_same_item_again_is_unchanged_and_other_content_is_a_new_version(
    service: Service, bank: BankReference
) -> None:
    async def write(text: str) -> tuple[WriteStatus, int]:
        item = NewMemory(text=text, external_id="profile", source="crm")
        outcome = await service.remember.items(service.caller, bank, [item])
        [written] = outcome.value.memories
        return written.status, written.version

    assert await write("Lives in Porto.") == (WriteStatus.CREATED, 1)
    assert await write("Lives in Porto.") == (WriteStatus.UNCHANGED, 1)
    assert await write("Lives in Lisbon.") == (WriteStatus.UPDATED, 2)
    found = counts(service)
    assert (found["memories"], found["memory_versions"], found["embeddings"]) == (1, 2, 1)


async def test_one_external_id_in_two_sources_names_two_memories(
    service: Service, bank: BankReference
) -> None:
    await service.remember.episodes(service.caller, bank, [talk("one", source="s1")])
    await service.remember.episodes(service.caller, bank, [talk("two", source="s2")])

    assert counts(service)["memories"] == 2


async def test_an_episode_sent_again_with_more_messages_goes_on_where_it_was(
    service: Service, bank: BankReference
) -> None:
    await service.remember.episodes(service.caller, bank, [talk("a", "b", source="s")])
    outcome = await service.remember.episodes(
        service.caller, bank, [talk("a", "b", "c", source="s")]
    )

    assert [each.status for each in outcome.value.memories] == [
        WriteStatus.UNCHANGED,
        WriteStatus.UNCHANGED,
        WriteStatus.CREATED,
    ]
    page = await service.memories.list(service.caller, bank, MemoryListing(), PageRequest())
    assert [(each.text, each.seq) for each in page.items] == [("a", 0), ("b", 1), ("c", 2)]
    assert counts(service)["links"] == 2


async def test_a_repeated_request_is_answered_once_even_when_both_run_at_the_same_time(
    service: Service, bank: BankReference
) -> None:
    key = RequestKey(route="POST /x", key="k1", body_hash="h")

    outcomes = await asyncio.gather(
        *(
            service.remember.items(service.caller, bank, [NewMemory(text="Once.")], key)
            for _ in range(8)
        )
    )

    assert counts(service)["memories"] == 1
    assert sorted(each.replayed for each in outcomes) == [False] + [True] * 7
    assert len({each.value.memories[0].id for each in outcomes}) == 1


async def test_a_key_used_with_another_body_is_refused(
    service: Service, bank: BankReference
) -> None:
    first = RequestKey(route="POST /x", key="k1", body_hash="h1")
    other = RequestKey(route="POST /x", key="k1", body_hash="h2")
    await service.remember.items(service.caller, bank, [NewMemory(text="One.")], first)

    with pytest.raises(IdempotencyMismatchError):
        await service.remember.items(service.caller, bank, [NewMemory(text="Two.")], other)


async def test_an_item_named_twice_in_one_request_is_refused(
    service: Service, bank: BankReference
) -> None:
    items = [NewMemory(text=each, external_id="x") for each in ("one", "two")]
    with pytest.raises(InvalidRequestError):
        await service.remember.items(service.caller, bank, items)


async def test_a_document_is_stored_in_passages_that_hold_all_its_text(
    service: Service, bank: BankReference
) -> None:
    paragraphs = [f"Paragraph {no}. " + "Some words about the sea. " * 20 for no in range(12)]
    document = NewEpisode(
        kind=EpisodeKind.DOCUMENT,
        title="The sea",
        document=NewDocument(text="\n\n".join(paragraphs)),
    )

    await service.remember.episodes(service.caller, bank, [document])

    page = await service.memories.list(service.caller, bank, MemoryListing(), PageRequest())
    assert len(page.items) > 3
    stored = "".join("".join(each.text.split()) for each in page.items)
    assert stored == "".join("".join(paragraphs).split())


async def test_a_missing_time_is_the_time_of_recording(
    service: Service, bank: BankReference
) -> None:
    when = datetime(2025, 3, 1, 12, tzinfo=UTC)
    await service.remember.items(
        service.caller, bank, [NewMemory(text="dated", occurred_at=when), NewMemory(text="undated")]
    )

    page = await service.memories.list(service.caller, bank, MemoryListing(), PageRequest())
    dated, undated = page.items
    assert dated.occurred_at == when
    assert undated.occurred_at == undated.recorded_at


async def test_the_feed_sends_each_committed_change_exactly_once_to_a_follower(
    service: Service, bank: BankReference
) -> None:
    scope = await service.create_bank(bank.value)
    request = FeedRequest(model_id=service.embedder.model.id)
    pages = [page async for page in service.feed.load(scope, request)]
    watermark: Watermark = pages[-1][0]

    await service.remember.items(service.caller, bank, [NewMemory(text="first")])
    one = await service.feed.changes_since(scope, watermark, request)
    await service.remember.items(service.caller, bank, [NewMemory(text="second")])
    two = await service.feed.changes_since(scope, one.watermark, request)
    three = await service.feed.changes_since(scope, two.watermark, request)

    assert [len(each.upserts) for each in (one, two, three)] == [1, 1, 0]
    assert one.upserts[0].memory_id != two.upserts[0].memory_id
    assert len(one.upserts[0].vectors) == 1
    assert one.upserts[0].lexical is not None


async def test_the_feed_never_skips_a_change_that_commits_late(
    service: Service, bank: BankReference
) -> None:
    """Many writers commit out of order while one foreign transaction holds the horizon back."""
    scope = await service.create_bank(bank.value)
    request = FeedRequest(model_id=None)
    [(watermark, _)] = [page async for page in service.feed.load(scope, request)]
    seen: set[object] = set()
    written: set[object] = set()

    async def write(no: int) -> None:
        await asyncio.sleep(no % 5 * 0.003)
        outcome = await service.remember.items(
            service.caller, bank, [NewMemory(text=f"{no}.{each}") for each in range(no % 3 + 1)]
        )
        written.update(each.id for each in outcome.value.memories)

    holder = create_engine(service.database.urls.superuser_url, poolclass=NullPool).connect()
    holder.execute(text("SELECT pg_current_xact_id()"))
    writers = asyncio.gather(*(write(no) for no in range(40)))
    while True:
        finished = writers.done()
        changes = await service.feed.changes_since(scope, watermark, request)
        assert seen.isdisjoint(each.memory_id for each in changes.upserts)
        seen |= {each.memory_id for each in changes.upserts}
        watermark = changes.watermark
        if finished:
            break
        await asyncio.sleep(0)
    await writers
    assert len(watermark.applied) > 0  # the horizon could not pass the open transaction
    holder.close()

    assert seen == written
    after = await service.feed.changes_since(scope, watermark, request)
    assert not after.upserts
    assert not after.watermark.applied
