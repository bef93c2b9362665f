"""The job that adds the vectors an absent encoder has left out."""

from memsvc.domain.content import indexed_text
from memsvc.domain.identifiers import BankId
from memsvc.domain.jobs import JobKind, NewJob, Progress
from memsvc.domain.memory import BankScope
from memsvc.errors import (
    BankNotFoundError,
    ConflictError,
    EmbedderUnavailableError,
    EmbeddingBudgetExceededError,
)
from memsvc.ports import Embedder
from memsvc.services.embedders import Embedders
from memsvc.services.run_job import JobContext
from memsvc.store.embeddings import Unembedded, VectorsToAdd
from memsvc.store.transactions import Store, assert_no_transaction

_BATCH = 64


class EmbedPending:
    """Embeds every memory of a bank that has no vector, oldest first, in small batches."""

    def __init__(
        self, store: Store, embedders: Embedders, *, organise_after_s: float | None = None
    ) -> None:
        """Have what is embedded organised so many seconds later; ``None`` leaves it waiting."""
        self._store = store
        self._organise_after_s = organise_after_s
        self._embedders = embedders

    async def __call__(self, context: JobContext) -> None:
        """Return when nothing is left; a batch that is stored stays stored."""
        job = context.job
        if job.bank_id is None:
            raise BankNotFoundError
        scope = BankScope(tenant_id=job.tenant_id, bank_id=job.bank_id)
        total, embedder = await self._begin(scope)
        done, most = 0, _BATCH
        while batch := await self._next(scope, most):
            try:
                await self._embed(scope, batch, embedder)
            except EmbeddingBudgetExceededError:
                if len(batch) == 1:
                    raise
                most = len(batch) // 2  # what is left of a budget is used
                continue
            done += len(batch)
            await context.report_progress(Progress(done=done, total=max(total, done)))
        if done and self._organise_after_s is not None:
            async with self._store.write(scope.tenant_id) as tx:
                # Not after thoughts and summaries, which are organised nowhere.
                if await tx.organising.count_ready(scope.bank_id):
                    new = NewJob(kind=JobKind.ORGANISE, bank_id=scope.bank_id)
                    await tx.jobs.add_once(new, after_s=self._organise_after_s)

    async def _begin(self, scope: BankScope) -> tuple[int, Embedder]:
        """Return how much there is to do, and the encoder of the bank's own model."""
        async with self._store.read(scope.tenant_id) as tx:
            bank = await tx.banks.resolve(str(scope.bank_id))
            waiting = await tx.embeddings.count_unembedded(scope.bank_id)
        embedder = self._embedders.of_model(bank.model_id, scope.tenant_id)
        if embedder is None:
            raise EmbedderUnavailableError(
                "The bank's vectors come from another embedding model than those in use; it"
                " waits for its own model to be configured again."
            )
        return waiting, embedder

    async def _next(self, scope: BankScope, most: int) -> list[Unembedded]:
        async with self._store.read(scope.tenant_id) as tx:
            return await tx.embeddings.unembedded(scope.bank_id, most)

    async def _embed(self, scope: BankScope, batch: list[Unembedded], embedder: Embedder) -> None:
        assert_no_transaction("An embedding")
        texts = [indexed_text(each.text, speaker=each.speaker, title=each.title) for each in batch]
        matrices = await embedder.embed_documents(texts, in_background=True)
        items = [
            VectorsToAdd(memory_id=each.memory_id, version=each.version, vectors=vectors)
            for each, vectors in zip(batch, matrices, strict=True)
        ]
        bank_id: BankId = scope.bank_id
        async with self._store.write(scope.tenant_id) as tx:
            if await tx.banks.lock(bank_id) != embedder.model.id:
                raise ConflictError("The bank has moved to another model; its job begins anew.")
            # Somebody may have written a newer version meanwhile: that one is embedded next.
            current = await tx.embeddings.still_current(bank_id, items)
            await tx.embeddings.add(bank_id, embedder.model.id, current)
            await tx.embeddings.mark_embedded(bank_id, current)
            await tx.changes.record(bank_id, [item.memory_id for item in current])
