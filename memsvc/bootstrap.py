"""The composition root: from settings to a running application. Only here adapters are made."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from memsvc.answering import answering_of
from memsvc.background import Tools, handlers_of, organise_after_s, queue_of, stages_of
from memsvc.chosen_index import index_probe, remote_index, server_of, snapshot_folder
from memsvc.domain.bm25 import Bm25
from memsvc.domain.identifiers import TenantId
from memsvc.embedding.factory import models_dirs, open_embedder
from memsvc.embedding.onnx_embedder import OnnxEmbedder
from memsvc.embedding.token_counters import open_token_counter
from memsvc.llm.embedder import LiteLLMEmbedder, charging
from memsvc.llm.structured import StructuredModel
from memsvc.memory_index.dense import LocalMemoryIndex
from memsvc.memory_index.remote import RemoteMemoryIndex
from memsvc.memory_index.replicas import BankReplicas
from memsvc.ports import Clock, Embedder, MemoryIndex, Reranker
from memsvc.services.banks import Banks
from memsvc.services.calibrations import Calibrations
from memsvc.services.courtesy import Courtesy
from memsvc.services.decay_replay import DecayReplay
from memsvc.services.embedders import Embedders
from memsvc.services.erasing.erase import Erase
from memsvc.services.erasing.erased_copies import AllCopies
from memsvc.services.erasing.erasure_receipts import ErasureReceipts
from memsvc.services.erasing.receipts import ReceiptSigner
from memsvc.services.events import Events
from memsvc.services.facts import Facts
from memsvc.services.giving import GiveFacts
from memsvc.services.graph import Graph
from memsvc.services.health import Health, embedder_probe
from memsvc.services.index_check import IndexCheck
from memsvc.services.index_upkeep import IndexUpkeep
from memsvc.services.jobs import Jobs
from memsvc.services.memories import Memories
from memsvc.services.memory_details import MemoryDetails
from memsvc.services.model_calls import ModelCalls
from memsvc.services.operations import Operations
from memsvc.services.organising.assembly import budgets_of, language_model
from memsvc.services.organising.backlog import Backlog
from memsvc.services.organising.consolidate import Consolidation
from memsvc.services.portraits import Portraits
from memsvc.services.recalling.recording import (
    LoggedContext,
    LoggedRecall,
    RecallLog,
    RecordedRecalls,
)
from memsvc.services.recalling.replaying import Replay
from memsvc.services.recalling.reranking import hosted_reranker, opened_reranker
from memsvc.services.reembedding import Reembedding
from memsvc.services.reinforcing import Feedback
from memsvc.services.remember import Remember
from memsvc.services.retention import Retention
from memsvc.services.reviews import Reviews
from memsvc.services.summaries import Summaries
from memsvc.services.thoughts import Thoughts
from memsvc.settings import EmbeddingSettings, Settings
from memsvc.store import probes
from memsvc.store.announcements import Announcer
from memsvc.store.database import open_database
from memsvc.store.embedded.folders import default_data_dir
from memsvc.store.engine import DatabaseUrl, Engine, connected
from memsvc.store.exact_answers import ExactAnswers
from memsvc.store.feed import StoreFeed
from memsvc.store.pgvector_index import PgVectorIndex
from memsvc.store.queue import JobCarrier
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock


@dataclass(slots=True, kw_only=True)
class Application:
    """Every use case of a running service, wired to one database, encoder and index."""

    settings: Settings
    clock: Clock
    default_tenant: TenantId
    banks: Banks
    remember: Remember
    recall: LoggedRecall
    recorded_recalls: RecordedRecalls
    feedback: Feedback
    replay: Replay
    recall_log: RecallLog
    """Writes recalls down while it is running."""
    compose_context: LoggedContext
    memories: Memories
    memory_details: MemoryDetails
    jobs: Jobs
    operations: Operations
    reviews: Reviews
    thoughts: Thoughts
    facts: Facts
    give_facts: GiveFacts
    portraits: Portraits
    summaries: Summaries
    events: Events
    consolidation: Consolidation
    backlog: Backlog
    retention: Retention
    calibrations: Calibrations
    erase: Erase
    decay_replay: DecayReplay
    graph: Graph
    model_calls: ModelCalls
    reembedding: Reembedding
    index_upkeep: IndexUpkeep
    health: Health
    index_check: IndexCheck
    """Compares some answers of the index with exact ones while it is running."""
    close_indexes: Callable[[], Awaitable[None]]
    """Writes what of the indexes is worth keeping over a restart and lets go of the rest."""
    work: Callable[[asyncio.Event], Awaitable[None]]
    """Runs background jobs until the event is set; whoever serves decides in which process."""


def data_dir_of(settings: Settings) -> Path:
    """Return where data and models live."""
    return settings.data_dir or default_data_dir()


@asynccontextmanager
async def open_application(settings: Settings) -> AsyncIterator[Application]:
    """Yield the application; everything it has opened is closed again, in reverse order.

    Raises the errors of ``open_database`` and of the encoder, each saying what to do.
    """
    data_dir = data_dir_of(settings)
    async with (
        opened_embedders(settings, data_dir) as embedders,
        opened_reranker(settings.rerank, models_dirs(data_dir)) as reranker,
        open_database(settings, data_dir) as urls,
        connected(urls.runtime, settings.database) as engine,
    ):
        application = build_application(
            settings, urls.runtime, engine, embedders, reranker=reranker
        )
        try:
            async with application.index_check.running(), application.recall_log.running():
                yield application
        finally:
            await application.close_indexes()


@asynccontextmanager
async def opened_embedders(settings: Settings, data_dir: Path) -> AsyncIterator[Embedders]:
    """Yield the encoder of new banks and every other one that is configured."""
    async with AsyncExitStack() as stack:
        default = await stack.enter_async_context(opened_embedder(settings.embedding, data_dir))
        named = {
            name: await stack.enter_async_context(opened_embedder(each, data_dir))
            for name, each in settings.embedders.items()
        }
        yield Embedders(default=default, named=named)


@asynccontextmanager
async def opened_embedder(settings: EmbeddingSettings, data_dir: Path) -> AsyncIterator[Embedder]:
    """Yield the configured encoder.

    A local one has its files compared with their checksums; a hosted one is not called yet.
    """
    embedder: OnnxEmbedder | LiteLLMEmbedder
    if settings.provider == "litellm":
        embedder = await LiteLLMEmbedder.open(settings)
    else:
        embedder = await open_embedder(settings, models_dirs(data_dir))
    try:
        yield embedder
    finally:
        await embedder.close()


def build_application(
    settings: Settings,
    url: DatabaseUrl,
    engine: Engine,
    embedders: Embedders,
    *,
    reranker: Reranker | None = None,
) -> Application:
    """Wire every use case to a database that is open and encoders that are ready.

    ``reranker`` is a local cross-encoder; a hosted one is made here.
    """
    embedder = embedders.default
    tokens = open_token_counter(settings.tokens, embedder)
    clock = SystemClock()
    announcer = Announcer(engine)
    store = Store(engine, clock, JobCarrier(), announcer.announce)
    calls = ModelCalls(store, clock, budgets_of(settings.llm))
    embedders = replace(embedders, charged=charging(calls))
    exact = PgVectorIndex(engine)
    feed = StoreFeed(engine, reload_after_changes=settings.index.reload_after_changes)
    in_memory = settings.index.backend not in {exact.backend, RemoteMemoryIndex.backend}
    replicas = BankReplicas(
        feed,
        settings.index,
        model_id=embedder.model.id if in_memory else None,
        ranking=Bm25(k1=settings.recall.bm25_k1, b=settings.recall.bm25_b),
        folder=snapshot_folder(settings.index, data_dir_of(settings)),
    )
    index: MemoryIndex = PgVectorIndex(engine, settings.index.hnsw)
    if in_memory:
        index = LocalMemoryIndex(replicas)
    elif settings.index.backend == RemoteMemoryIndex.backend:
        index = remote_index(settings.index, engine)
    check = IndexCheck(
        index, ExactAnswers(engine, limit_s=settings.index.check_timeout_s), settings.index
    )
    courtesy = Courtesy()
    model = language_model(settings.llm, calls)
    hosted = hosted_reranker(settings.rerank, calls)
    tools = Tools(
        settings=settings,
        store=store,
        clock=clock,
        embedders=embedders,
        index=index,
        exact=exact,
        tokens=tokens,
        model=model,
        courtesy=courtesy,
    )
    stages = stages_of(tools)
    server = server_of(index, feed, settings.index)
    signer = ReceiptSigner(data_dir_of(settings))
    receipts = ErasureReceipts(store, signer, clock, backup_days=settings.erasure.backup_days)
    copies = AllCopies(store, replicas, server)
    queue = queue_of(tools, url, handlers_of(tools, stages, replicas, copies, receipts), stages)
    answering = answering_of(tools, engine, feed, replicas, check, reranker or hosted)
    return Application(
        settings=settings,
        clock=clock,
        default_tenant=DEFAULT_TENANT,
        banks=Banks(store, embedders, clock),
        remember=Remember(
            store, embedders, clock, organise_after_s=organise_after_s(settings), courtesy=courtesy
        ),
        recall=answering.recall,
        recorded_recalls=RecordedRecalls(store),
        feedback=Feedback(store, clock),
        replay=answering.replay,
        recall_log=answering.log,
        compose_context=answering.compose_context,
        memories=Memories(store),
        memory_details=MemoryDetails(store),
        jobs=Jobs(store),
        operations=Operations(store),
        reviews=Reviews(store),
        thoughts=Thoughts(store, clock),
        facts=Facts(store, clock),
        give_facts=GiveFacts(store),
        portraits=Portraits(store),
        summaries=Summaries(store),
        events=Events(store, clock),
        consolidation=Consolidation(store, stages.every, stages.by_themselves),
        backlog=Backlog(store=store, clock=clock),
        retention=Retention(store, clock),
        calibrations=answering.calibrations,
        erase=Erase(store, signer),
        decay_replay=DecayReplay(store, clock),
        graph=answering.graph,
        model_calls=calls,
        reembedding=Reembedding(store, embedders),
        index_upkeep=IndexUpkeep(
            store,
            replicas,
            check,
            backend=index.backend,
            server=server,
        ),
        health=Health(
            probes={
                "database": probes.database(store, DEFAULT_TENANT),
                "migrations": probes.migrations(url),
                "embedder": embedder_probe(embedder),
                "index": index_probe(replicas, index),
                "worker": probes.workers(store, DEFAULT_TENANT, settings.worker.stalled_after_s),
            }
        ),
        index_check=check,
        close_indexes=_closing(replicas, index, announcer, [model, hosted]),
        work=queue.serve,
    )


def _closing(
    replicas: BankReplicas,
    index: MemoryIndex,
    announcer: Announcer,
    providers: Sequence[StructuredModel | Reranker | None],
) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        await announcer.close()
        await replicas.save()
        if isinstance(index, RemoteMemoryIndex):
            await index.close()
        for provider in providers:
            if provider is not None:
                await provider.close()

    return close
