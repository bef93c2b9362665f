"""What works in the background: the stages of consolidating, the jobs' handlers, the queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from memsvc.domain.attempts import RetryPolicy
from memsvc.domain.bank_models import AgreementRule
from memsvc.domain.jobs import JobKind
from memsvc.llm.model_extractor import ModelExtractor
from memsvc.llm.structured import StructuredModel
from memsvc.memory_index.dense import LocalMemoryIndex
from memsvc.memory_index.replicas import BankReplicas
from memsvc.ports import Clock, MemoryIndex, TokenCounter
from memsvc.services.agreement import Agreement
from memsvc.services.courtesy import Courtesy
from memsvc.services.delete_bank import DeleteBank
from memsvc.services.embed_pending import EmbedPending
from memsvc.services.embedders import Embedders
from memsvc.services.erasing.erase import EraseData
from memsvc.services.erasing.erased_copies import AllCopies
from memsvc.services.erasing.erasure_receipts import ErasureReceipts
from memsvc.services.organising.applying_thoughts import ApplyThoughts
from memsvc.services.organising.assembly import document_stages, organise_stage
from memsvc.services.organising.automatic import AutomaticStages
from memsvc.services.organising.consolidate import Consolidate, Stage
from memsvc.services.organising.dedupe import DedupeStage
from memsvc.services.organising.entities import EntityStage
from memsvc.services.organising.facts import FactStage, SettleFacts
from memsvc.services.organising.gathering import Gathering
from memsvc.services.organising.rule_extractor import RuleExtractor
from memsvc.services.organising.stage import Follower, Organise, OrganiseStage
from memsvc.services.organising.think import Think, ThinkStage
from memsvc.services.organising.views import AnnotatedViews
from memsvc.services.read_entities import ReadEntities
from memsvc.services.reembed_bank import ReembedBank
from memsvc.services.run_job import JobHandler, RunJob
from memsvc.services.sweep_bank import ScheduledSweeps, SweepBank
from memsvc.services.tidy import Tidy
from memsvc.setting_groups.organising import StageName
from memsvc.settings import Settings
from memsvc.store.engine import DatabaseUrl
from memsvc.store.queue_app import Schedule
from memsvc.store.queue_worker import QueueTiming, QueueWorker
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store

_TIDY_CRON = "17 * * * *"
_SWEEP_CRON = "37 * * * *"
_QUIET_CRON = "* * * * *"
_HOURLY_CRON = "57 * * * *"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What background work is done with."""

    settings: Settings
    store: Store
    clock: Clock
    embedders: Embedders
    index: MemoryIndex
    exact: MemoryIndex
    tokens: TokenCounter
    model: StructuredModel | None
    courtesy: Courtesy


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What consolidating a bank consists of."""

    organise: OrganiseStage
    think: ThinkStage
    every: Sequence[Stage]
    following: Sequence[Follower]
    """Those that go on with what was organised, by themselves."""
    by_themselves: Sequence[Stage]
    """Those that run without being asked for, once there is something for them to do."""


def stages_of(tools: Tools) -> Stages:
    """Put the stages together, in the order in which they run."""
    store, settings, model = tools.store, tools.settings.organise, tools.model
    organise = organise_stage(
        settings,
        store,
        tools.embedders,
        Gathering(
            store=store,
            index=tools.index,
            exact=tools.exact,
            settings=settings,
            courtesy=tools.courtesy,
        ),
        RuleExtractor(tools.courtesy) if model is None else ModelExtractor(model),
        thoughts=None if model is None else ApplyThoughts(clock=tools.clock),
    )
    courtesy = tools.courtesy
    facts = FactStage(store=store, courtesy=courtesy)
    think = ThinkStage(store=store, clock=tools.clock, courtesy=courtesy)
    every: Sequence[Stage] = [
        organise,
        DedupeStage(store=store, index=tools.index, exact=tools.exact, courtesy=courtesy),
        facts,
        EntityStage(store=store, courtesy=courtesy),
        think,
        *document_stages(store, tools.clock, tools.tokens, model, courtesy=courtesy),
    ]
    names = by_themselves(tools.settings)
    return Stages(
        organise=organise,
        think=think,
        every=every,
        following=[each for each in (facts, think) if each.name in names],
        by_themselves=[each for each in every if each.name in names],
    )


def handlers_of(
    tools: Tools,
    stages: Stages,
    replicas: BankReplicas,
    copies: AllCopies,
    receipts: ErasureReceipts,
) -> Mapping[JobKind, JobHandler]:
    """Return what does each kind of job."""
    store = tools.store
    return {
        JobKind.EMBED_PENDING: EmbedPending(
            store, tools.embedders, organise_after_s=organise_after_s(tools.settings)
        ),
        JobKind.ORGANISE: Organise(stage=stages.organise, followers=stages.following),
        JobKind.CONSOLIDATE: Consolidate(stages.every),
        JobKind.THINK: Think(stage=stages.think),
        JobKind.STAGE: Consolidate(stages.by_themselves),
        JobKind.REEMBED_BANK: _reembed_bank(tools),
        JobKind.SWEEP_BANK: SweepBank(store),
        JobKind.READ_ENTITIES: ReadEntities(store),
        # Whichever index answers, words are held in memory.
        JobKind.DELETE_BANK: DeleteBank(store, LocalMemoryIndex(replicas), receipts),
        JobKind.SETTLE_FACTS: SettleFacts(store),
        JobKind.ERASE: EraseData(store, copies, receipts),
    }


def queue_of(
    tools: Tools, url: DatabaseUrl, handlers: Mapping[JobKind, JobHandler], stages: Stages
) -> QueueWorker:
    """Put together what runs the jobs, and what runs by the clock."""
    settings, store, clock = tools.settings, tools.store, tools.clock
    tidy = Tidy(
        store,
        DEFAULT_TENANT,
        clock,
        keep_retired=timedelta(days=settings.reembed.keep_retired_days),
        keep_recalls=timedelta(days=settings.recording.keep_days),
    )
    sweeps = ScheduledSweeps(store, DEFAULT_TENANT, clock)
    automatic = AutomaticStages(
        store=store,
        tenant_id=DEFAULT_TENANT,
        clock=clock,
        stages=stages.by_themselves,
        quiet=timedelta(seconds=settings.organise.quiet_s),
    )
    return QueueWorker(
        url,
        RunJob(store, handlers, RetryPolicy(provider_pause_s=settings.worker.provider_retry_s)),
        timing=QueueTiming.of(settings.worker, settings.api.shutdown_grace_s),
        schedules=[
            Schedule(name="tidy", cron=_TIDY_CRON, run=tidy),
            Schedule(name="sweep", cron=_SWEEP_CRON, run=sweeps),
            Schedule(name="stages_where_quiet", cron=_QUIET_CRON, run=automatic.where_quiet),
            Schedule(name="stages_everywhere", cron=_HOURLY_CRON, run=automatic.everywhere),
        ],
    )


def organise_after_s(settings: Settings) -> float | None:
    """Return how long after a write its bank is organised; ``None`` if not by itself."""
    return settings.organise.settle_s if "organise" in by_themselves(settings) else None


def by_themselves(settings: Settings) -> frozenset[StageName]:
    """Return the stages that run without being asked for."""
    return settings.organise.by_themselves(has_model=settings.llm.model is not None)


def _reembed_bank(tools: Tools) -> ReembedBank:
    settings = tools.settings
    return ReembedBank(
        tools.store,
        tools.embedders,
        Agreement(store=tools.store, exact=tools.exact, samples=settings.reembed.samples),
        AgreementRule(
            least_overlap=settings.reembed.least_overlap, most_lost=settings.reembed.most_lost
        ),
        AnnotatedViews(settings=settings.organise),
    )
