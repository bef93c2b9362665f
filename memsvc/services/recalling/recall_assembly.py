"""The optional stages of recall, put together from the settings."""

from memsvc.llm.hit_filter import ModelHitFilter
from memsvc.llm.recall_model import RecallModel
from memsvc.llm.structured import StructuredModel
from memsvc.ports import Reranker, TokenCounter
from memsvc.services.recalling.folding import Fold
from memsvc.services.recalling.iterating import Iterate
from memsvc.services.recalling.refining import Refine
from memsvc.services.recalling.reranking import Rerank
from memsvc.services.recalling.rewriting import Rewrite
from memsvc.services.recalling.sifting import Sift
from memsvc.services.recalling.widening import Widen
from memsvc.settings import Settings
from memsvc.store.transactions import Store


def widening(
    settings: Settings, store: Store, tokens: TokenCounter, model: StructuredModel | None
) -> Widen:
    """Put together what adds questions to a question; without a model, requests for it fail."""
    return Widen(
        None if model is None else RecallModel(model),
        Rewrite(store=store, settings=settings.rewrite),
        Iterate(tokens, settings.iterate),
        settings.recall,
    )


def refining(
    settings: Settings,
    store: Store,
    tokens: TokenCounter,
    reranker: Reranker | None,
    model: StructuredModel | None,
) -> Refine:
    """Put together what makes hits of candidates; without models, requests for them fail."""
    sifter = None if model is None else ModelHitFilter(model)
    return Refine(
        settings.recall,
        Rerank(reranker, settings.rerank),
        Fold(store),
        Sift(sifter, tokens, settings.sift),
    )
