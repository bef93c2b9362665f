"""Comparing what two models find for a bank's texts, exactly, before one replaces the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from memsvc.domain.bank_models import NEIGHBOURS, AgreementReport, SampleAnswer, measure_agreement
from memsvc.domain.content import indexed_text
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.ports import DenseQuery, Embedder, MemoryIndex
from memsvc.services.embedders import Space
from memsvc.store.embeddings import Unembedded
from memsvc.store.transactions import Store, assert_no_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Measures agreement on stored texts, each asked for as a query."""

    store: Store
    exact: MemoryIndex
    """Exact whatever the bank's size: the comparison is of models, not of indexes."""
    samples: int

    async def __call__(
        self, scope: BankScope, serving: Embedder | None, building: Embedder
    ) -> AgreementReport:
        """Return the figures; without the serving encoder only those of the new one.

        Raises ``EmbedderUnavailableError`` when an encoder cannot answer.
        """
        async with self.store.read(scope.tenant_id) as tx:
            sample = await tx.embeddings.sample(scope.bank_id, self.samples)
            vectors = await tx.embeddings.count_memories(scope.bank_id)
        answers = [
            SampleAnswer(
                memory_id=each.memory_id,
                serving=await self._nearest(scope, serving, each) if serving is not None else (),
                building=await self._nearest(scope, building, each),
            )
            for each in sample
        ]
        return measure_agreement(answers, vectors)

    async def _nearest(
        self, scope: BankScope, embedder: Embedder, sample: Unembedded
    ) -> Sequence[MemoryId]:
        text = indexed_text(sample.text, speaker=sample.speaker, title=sample.title)
        query = await pose(Space(scope=scope, embedder=embedder), text, k=NEIGHBOURS + 1)
        return [each.memory_id for each in await self.exact.search(scope, query)]


async def pose(
    space: Space, text: str, *, k: int, allowed: Sequence[MemoryId] | None = None
) -> DenseQuery:
    """Return the text as a query to a space, in that space."""
    assert_no_transaction("An embedding")
    vector = await space.embedder.embed_query(text)
    return DenseQuery(vector=vector, model_id=space.embedder.model.id, k=k, allowed=allowed)
