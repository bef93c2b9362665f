"""A bank as PostgreSQL has it now, read through the feed page by page."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.memory_index.verification import Expected, expected_of
from memsvc.ports import FeedRequest, IndexEntry, IndexFeed, Watermark


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshBank:
    """What has to be held of a bank, as of one snapshot of PostgreSQL."""

    memories: Mapping[MemoryId, Expected]
    watermark: Watermark


async def read_expected(feed: IndexFeed, scope: BankScope, request: FeedRequest) -> FreshBank:
    """Read the whole bank; what is kept of the words is their digest."""
    memories: dict[MemoryId, Expected] = {}
    watermark = Watermark(horizon=0)
    async with aclosing(pages_of(feed, scope, request)) as pages:
        async for reached, entries in pages:
            watermark = reached
            memories |= await asyncio.to_thread(expected_of, entries)
    return FreshBank(memories=memories, watermark=watermark)


async def pages_of(
    feed: IndexFeed, scope: BankScope, request: FeedRequest
) -> AsyncGenerator[tuple[Watermark, Sequence[IndexEntry]], None]:
    """Yield the pages of a load; closing this closes the snapshot that the feed may hold open."""
    pages = feed.load(scope, request)
    try:
        async for page in pages:
            yield page
    finally:
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()
