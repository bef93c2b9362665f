"""The job that moves a bank to another embedding model while reads and writes go on.

Recall compares with the serving model's vectors until every memory has vectors of the new one and
the two agree on sampled texts; then one transaction makes the new one serve. Every step bears
repetition: what has vectors of the new model is passed over, so a job that was stopped goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from memsvc.domain.bank_models import AgreementReport, AgreementRule, ModelState
from memsvc.domain.content import indexed_text
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import Job, Progress
from memsvc.domain.memory import BankScope
from memsvc.errors import (
    AgreementError,
    BankNotFoundError,
    EmbedderUnavailableError,
    EmbeddingBudgetExceededError,
)
from memsvc.ports import Embedder
from memsvc.services.agreement import Agreement
from memsvc.services.embedders import Embedders
from memsvc.services.organising.applying import store_views
from memsvc.services.organising.views import AnnotatedViews, Views
from memsvc.services.run_job import JobContext
from memsvc.store.audit import AuditEvent
from memsvc.store.embeddings import Unembedded, VectorsToAdd
from memsvc.store.transactions import Store, WriteTransaction, assert_no_transaction

_BATCH = 64
_ACTOR = "reembed"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    scope: BankScope
    target: Embedder
    serving_id: str
    rule: AgreementRule


class ReembedBank:
    """Gives every memory vectors of another model, compares the two, and has the new one serve."""

    def __init__(
        self,
        store: Store,
        embedders: Embedders,
        agreement: Agreement,
        rule: AgreementRule,
        views: AnnotatedViews,
    ) -> None:
        self._store = store
        self._embedders = embedders
        self._agreement = agreement
        self._rule = rule
        self._views = views

    async def __call__(self, context: JobContext) -> None:
        """Return once the new model serves. Raises ``AgreementError`` if it must not."""
        move = await self._begin(context.job)
        if move.serving_id == move.target.model.id:
            return
        while True:
            await self._fill(context, move)
            report = await self._compare(move)
            if await self._switch(context, move, report):
                break
        _log.info("reembedding.ended", bank_id=str(move.scope.bank_id), **report.to_json())

    async def _begin(self, job: Job) -> _Move:
        """Have writes give new memories vectors of both models from now on."""
        if job.bank_id is None:
            raise BankNotFoundError
        payload = job.payload
        target = self._embedders.of_model(str(payload["model_id"]), job.tenant_id)
        if target is None:
            raise EmbedderUnavailableError(
                "This worker has no encoder for the model asked for; configure it under"
                " MEMSVC_EMBEDDERS as where it was asked for."
            )
        model, bank_id = target.model, job.bank_id
        least = payload.get("least_overlap")
        rule = self._rule if least is None else replace(self._rule, least_overlap=float(str(least)))
        if payload.get("rollback"):
            rule = AgreementRule(least_overlap=0.0, most_lost=1.0)
        async with self._store.write(job.tenant_id) as tx:
            serving_id, dimension = await tx.models.lock_bank(bank_id)
            if serving_id != model.id:
                await tx.models.set_state(bank_id, serving_id, dimension, ModelState.SERVING)
                await tx.models.retire_other_building(bank_id, model.id)
                await tx.models.set_state(bank_id, model.id, model.dimension, ModelState.BUILDING)
        scope = BankScope(tenant_id=job.tenant_id, bank_id=bank_id)
        return _Move(scope=scope, target=target, serving_id=serving_id, rule=rule)

    async def _fill(self, context: JobContext, move: _Move) -> None:
        """Embed what lacks vectors of the new model, oldest first."""
        bank_id, model_id = move.scope.bank_id, move.target.model.id
        async with self._store.read(move.scope.tenant_id) as tx:
            total = await tx.embeddings.count_memories(bank_id)
            done = total - await tx.embeddings.count_lacking(bank_id, model_id)
        await context.report_progress(Progress(done=done, total=total))
        after: MemoryId | None = None
        most = _BATCH
        while True:
            async with self._store.read(move.scope.tenant_id) as tx:
                batch = await tx.embeddings.lacking(bank_id, model_id, after=after, limit=most)
            if not batch:
                return
            try:
                await self._embed(move, batch)
            except EmbeddingBudgetExceededError:
                if len(batch) == 1:
                    raise
                most = len(batch) // 2  # what is left of a budget is used
                continue
            after = batch[-1].memory_id
            done += len(batch)
            await context.report_progress(Progress(done=done, total=max(total, done)))

    async def _embed(self, move: _Move, batch: Sequence[Unembedded]) -> None:
        assert_no_transaction("An embedding")
        texts = [indexed_text(each.text, speaker=each.speaker, title=each.title) for each in batch]
        matrices = await move.target.embed_documents(texts, in_background=True)
        items = [
            VectorsToAdd(memory_id=each.memory_id, version=each.version, vectors=vectors)
            for each, vectors in zip(batch, matrices, strict=True)
        ]
        bank_id, model_id = move.scope.bank_id, move.target.model.id
        views = await self._embed_views(move, [each.memory_id for each in batch])
        async with self._store.write(move.scope.tenant_id) as tx:
            await tx.banks.lock(bank_id)  # one that is being deleted gets no more vectors
            # Written with both models meanwhile, or given a newer version: not to be repeated.
            wanted = await tx.embeddings.still_lacking(bank_id, model_id, items)
            await tx.embeddings.add(bank_id, model_id, wanted)
            ids = {item.memory_id for item in wanted}
            of_wanted = {each: view for each, view in views.items() if each in ids}
            await store_views(tx, bank_id, model_id, of_wanted)
            # An index may still hold the model from an earlier time and follow it.
            await tx.changes.record(bank_id, [item.memory_id for item in wanted])

    async def _embed_views(self, move: _Move, memory_ids: Sequence[MemoryId]) -> Views:
        """Embed annotated texts, too, where they are searched by."""
        if not self._views.is_on:
            return {}
        bank_id = move.scope.bank_id
        async with self._store.read(move.scope.tenant_id) as tx:
            holding = await tx.annotations.holding(bank_id, memory_ids)
            sources = await tx.organising.sources(bank_id, list(holding))
        said = {source: holding[each].annotations for each, source in sources.items()}
        return await self._views(move.target, said)

    async def _compare(self, move: _Move) -> AgreementReport:
        """Measure agreement and keep the figures, whatever follows from them."""
        serving = self._embedders.of_model(move.serving_id, move.scope.tenant_id)
        report = await self._agreement(move.scope, serving, move.target)
        bank_id, model_id = move.scope.bank_id, move.target.model.id
        async with self._store.write(move.scope.tenant_id) as tx:
            await tx.models.note_report(bank_id, model_id, report.to_json())
        if serving is None and move.rule.least_overlap > 0:
            raise AgreementError(
                "The serving model's encoder is not configured here, so that the two cannot be"
                " compared. Configure it under MEMSVC_EMBEDDERS, or ask with least_overlap 0."
            )
        if serving is not None and (objection := move.rule.objection(report)) is not None:
            raise AgreementError(
                f"The bank stays with its model: {objection}. Its new vectors are kept. Choose"
                " another model, or ask again with a lower least_overlap."
            )
        return report

    async def _switch(self, context: JobContext, move: _Move, report: AgreementReport) -> bool:
        """Have the new model serve; false when memories have been written that lack its vectors.

        Writers hold the bank's row, so none is under way here, and the next one finds the new
        model.
        """
        scope, model = move.scope, move.target.model
        done = Progress(done=report.vectors, total=report.vectors)
        async with self._store.write(scope.tenant_id) as tx:
            await tx.models.lock_bank(scope.bank_id)
            if await tx.embeddings.count_lacking(scope.bank_id, model.id):
                return False
            if not await tx.jobs.report_progress(context.job, done):
                return True  # It was cancelled: whoever did so finds the bank as it was.
            await tx.models.serve_with(scope.bank_id, model.id, model.dimension)
            await self._record(tx, move, report)
        return True

    @staticmethod
    async def _record(tx: WriteTransaction, move: _Move, report: AgreementReport) -> None:
        details = {"from": move.serving_id, "to": move.target.model.id, **report.to_json()}
        event = AuditEvent(operation="bank.reembed", details=details)
        await tx.audit.record(move.scope.bank_id, _ACTOR, [event])
