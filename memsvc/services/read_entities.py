"""The job that reads the entities of memories which have none: older ones, or after new rules."""

import asyncio
from collections.abc import Sequence

from memsvc.domain.content import titled_text
from memsvc.domain.graph.extraction import Extracted, extract_entities
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import Progress
from memsvc.errors import BankNotFoundError
from memsvc.services.run_job import JobContext
from memsvc.store.mentions import Unread
from memsvc.store.transactions import Store

_BATCH = 500


class ReadEntities:
    """Goes through a bank in order of id; a batch that is stored stays stored."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, context: JobContext) -> None:
        """Return when every active memory has its entities."""
        job = context.job
        if job.bank_id is None:
            raise BankNotFoundError
        after: MemoryId | None = None
        done = 0
        while True:
            async with self._store.read(job.tenant_id) as tx:
                batch = await tx.mentions.unread(job.bank_id, after, _BATCH)
            if not batch:
                return
            found = await asyncio.to_thread(_read_all, batch)
            async with self._store.write(job.tenant_id) as tx:
                await tx.banks.lock(job.bank_id)
                filled = await tx.mentions.fill(job.bank_id, found)
                await tx.changes.record(job.bank_id, list(filled))
            after = batch[-1].memory_id
            done += len(batch)
            await context.report_progress(Progress(done=done, total=done))


def _read_all(batch: Sequence[Unread]) -> list[tuple[Unread, Extracted]]:
    return [
        (each, extract_entities(titled_text(each.text, each.title), each.speaker)) for each in batch
    ]
