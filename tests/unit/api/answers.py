"""What the faked use cases answer unless a test says otherwise."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from memsvc.domain.bank_models import BankModel, ModelState
from memsvc.domain.erasure import Erasure, ErasureId, ErasureState
from memsvc.domain.events import Begin, Event
from memsvc.domain.evidence import Evidence
from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.settling import Fact, FactId
from memsvc.domain.fusion import Arm, ScorePart
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.identifiers import BankId, EpisodeId, JobId, MemoryId, TenantId
from memsvc.domain.index_checks import Fault, Holder, Mismatch, Verification
from memsvc.domain.index_states import (
    FollowerState,
    HeldBank,
    ServerIndex,
    SnapshotState,
    VectorState,
)
from memsvc.domain.jobs import Job, JobKind, JobState, Progress
from memsvc.domain.links import LinkType, NewLink, StoredLink
from memsvc.domain.memory import (
    Bank,
    BankState,
    Episode,
    EpisodeKind,
    Memory,
    MemoryKind,
    MemoryState,
    MemoryVersion,
    ScopeKeys,
    WriteStatus,
    Written,
)
from memsvc.domain.model_calls import Usage
from memsvc.domain.operations import (
    Aspect,
    Effect,
    Operation,
    OperationId,
    OperationKind,
    OperationState,
)
from memsvc.domain.organising.extraction import Annotations
from memsvc.domain.organising.notes import AnnotationVersion, BankNotes
from memsvc.domain.organising.portraits import PortraitLine
from memsvc.domain.organising.self_patterns import Topic
from memsvc.domain.organising.summary_listing import SummaryKind
from memsvc.domain.retention.forecast import Fading, Forecast
from memsvc.domain.retention.policy import KindRule, RetentionPolicy, StoredPolicy
from memsvc.domain.retention.sweep import Fate, FateReason, SweepPlan
from memsvc.domain.reviews import ReviewId, ReviewState
from memsvc.domain.thoughts.merging import NewReview, Review
from memsvc.domain.threads import ThreadKey
from memsvc.services.commands import (
    EpisodeWritten,
    Remembered,
)
from memsvc.services.erasing.erase import StartedErasure
from memsvc.services.events import EpisodeEvent
from memsvc.services.facts import ShownFact
from memsvc.services.giving import GaveFacts
from memsvc.services.graph import Entity
from memsvc.services.index_upkeep import IndexState, VerifiedBank
from memsvc.services.memory_details import MemoryDetail
from memsvc.services.organising.consolidate import ConsolidationPlan, StagePlan
from memsvc.services.portraits import KeptPortrait
from memsvc.services.recalling.accompanying import Accompanying
from memsvc.services.recalling.arms import ArmReport, ArmStatus
from memsvc.services.recalling.linked import Neighbour, Via
from memsvc.services.recalling.recalled import Dropped, Hit, Recalled
from memsvc.services.retention import StartedSweep
from memsvc.services.summaries import KeptSummary
from tests.unit.api.told_times import WHEN

NOON = datetime(2024, 5, 7, 12, 0, tzinfo=UTC)
TENANT_ID = TenantId(UUID(int=1))
BANK_ID = BankId(UUID(int=2))
EPISODE_ID = EpisodeId(UUID(int=3))
MEMORY_ID = MemoryId(UUID(int=4))
JOB_ID = JobId(UUID(int=5))
OPERATION_ID = OperationId(UUID(int=6))
REVIEW_ID = ReviewId(UUID(int=7))
ERASURE_ID = ErasureId(UUID(int=10))
FACT_ID = FactId(UUID(int=10))

BANK = Bank(
    id=BANK_ID,
    tenant_id=TENANT_ID,
    name="ada",
    description=None,
    language="auto",
    metadata={"team": "blue"},
    state=BankState.ACTIVE,
    model_id="sha256:0",
    dimension=384,
    memory_count=7,
    created_at=NOON,
    updated_at=NOON,
)
MEMORY = Memory(
    id=MEMORY_ID,
    bank_id=BANK_ID,
    kind=MemoryKind.TURN,
    state=MemoryState.ACTIVE,
    text="Ada moved to Lisbon.",
    speaker="Ada",
    source="s1",
    external_id="m1",
    episode_id=EPISODE_ID,
    seq=0,
    keys=ScopeKeys(user_id="u"),
    metadata={"channel": "chat"},
    occurred_at=NOON,
    recorded_at=NOON,
    updated_at=NOON,
    version=1,
    embedded=True,
    expires_at=None,
    pinned=False,
)
VERSION = MemoryVersion(
    version=1,
    text=MEMORY.text,
    speaker="Ada",
    occurred_at=NOON,
    operation="create",
    actor="api",
    reason=None,
    content_hash="00",
    recorded_at=NOON,
)
OPERATION = Operation(
    id=OPERATION_ID,
    bank_id=BANK_ID,
    kind=OperationKind.ARCHIVE,
    state=OperationState.APPLIED,
    actor="api",
    reason=None,
    effect_count=1,
    details={"memories": 1},
    undoes=None,
    undone_by=None,
    recorded_at=NOON,
)
EFFECT = Effect(aspect=Aspect.STATE, target_id=MEMORY_ID, before="active", after="archived")
REVIEW = Review(
    id=REVIEW_ID,
    bank_id=BANK_ID,
    pair=NewReview(
        one_id=MEMORY_ID,
        other_id=MemoryId(UUID(int=8)),
        one_version=1,
        other_version=1,
        score=0.84,
        evidence={"cosine": 0.91},
    ),
    state=ReviewState.OPEN,
    operation_id=None,
    decided_by=None,
    decided_at=None,
    recorded_at=NOON,
)
ERASURE = Erasure(
    id=ERASURE_ID,
    bank_id=BANK_ID,
    job_id=JOB_ID,
    state=ErasureState.COMPLETE,
    actor="api",
    subject=None,
    memory_count=2,
    counts={"memories": 2},
    receipt={"receipt": {"version": 1}, "public_key": "a2V5", "signature": "c2ln"},
    recorded_at=NOON,
    finished_at=NOON,
)
STARTED_ERASURE = StartedErasure(bank_id=BANK_ID, erasure_id=ERASURE_ID, job_id=JOB_ID)
FACT = Fact(
    id=FACT_ID,
    memory_id=MEMORY_ID,
    claim=Claim(
        subject="ada",
        predicate="lives in",
        object="lisbon",
        valid_from=NOON,
        said_at=NOON,
        rule="residence.state",
    ),
    valid_to=NOON + timedelta(days=30),
    superseded_by=FactId(UUID(int=11)),
    stands=True,
)
EVIDENCE = Evidence(memory_id=MEMORY_ID, version=1, start=3, end=20)
SHOWN_FACT = ShownFact(fact=FACT, evidence=[EVIDENCE])
GAVE_FACTS = GaveFacts(
    bank_id=BANK_ID,
    changed=1,
    unchanged=2,
    facts=3,
    entities=4,
    ended=1,
    operation_id=OPERATION_ID,
)
_SURPLUS = Mismatch(holder=Holder.SNAPSHOT, memory_id=None, vector_id=7, fault=Fault.SURPLUS)
INDEX_STATE = IndexState(
    backend="faiss_cpu",
    holds_vectors=True,
    nbytes=4096,
    banks=[
        HeldBank(
            bank_id=BANK_ID,
            memories=3,
            vectors=VectorState(size=4, structure="scan", measured_recall=1.0, nbytes=2048),
            snapshot=SnapshotState(written_at=NOON, nbytes=512),
        ),
        HeldBank(bank_id=BankId(UUID(int=99)), memories=0, vectors=None, snapshot=None),
    ],
    checks=20,
    measured_recall=0.995,
    followers=[
        FollowerState(kind="index", name="host/1", horizon=700, started_at=NOON, heartbeat_at=NOON)
    ],
    server=[ServerIndex(model_id="sha256:m", failure="The index server does not answer.")],
)
VERIFIED = VerifiedBank(
    holds_vectors=True,
    outcome=Verification(
        compared=[Holder.MEMORY, Holder.SNAPSHOT],
        memories=3,
        vectors=4,
        in_motion=1,
        mismatches=[_SURPLUS] * 101,
    ),
)
JOB = Job(
    id=JOB_ID,
    tenant_id=TENANT_ID,
    bank_id=BANK_ID,
    kind=JobKind.EMBED_PENDING,
    state=JobState.RUNNING,
    reason=None,
    attempts=1,
    progress=Progress(done=1, total=2),
    payload={"secret": "ids"},
    created_at=NOON,
    started_at=NOON,
    finished_at=None,
)
MODEL = BankModel(
    model_id="sha256:0",
    dimension=384,
    state=ModelState.SERVING,
    created_at=NOON,
    retired_at=None,
    report={"overlap_at_10": 0.5},
)
WRITTEN = Written(id=MEMORY_ID, version=1, external_id="m1", status=WriteStatus.CREATED)
EPISODE = Episode(
    id=EPISODE_ID,
    source="s1",
    kind=EpisodeKind.CONVERSATION,
    title=None,
    keys=ScopeKeys(session_id="s1"),
    metadata={},
    occurred_at=NOON,
    recorded_at=NOON,
)
REMEMBERED_EPISODE = Remembered(
    bank_id=BANK.id,
    episodes=[EpisodeWritten(episode=EPISODE, memories=[WRITTEN])],
    memories=[WRITTEN],
    embedded=True,
    jobs=[],
)
REMEMBERED_ITEM = Remembered(
    bank_id=BANK.id, episodes=[], memories=[WRITTEN], embedded=False, jobs=[JOB_ID]
)
RECALLED = Recalled(
    hits=[
        Hit(
            memory=MEMORY,
            score=0.5,
            parts={Arm.LEXICAL: ScorePart(rank=1, score=7.5, contribution=0.5)},
            tokens=6,
        )
    ],
    arms={
        Arm.DENSE: ArmReport(
            status=ArmStatus.FAILED,
            reason="embedder away",
            candidates=0,
            took_ms=0.0,
            embed_ms=0.0,
        ),
        Arm.LEXICAL: ArmReport(
            status=ArmStatus.OK, reason=None, candidates=1, took_ms=0.7, embed_ms=0.0
        ),
    },
    total_tokens=6,
    budget_tokens=None,
    tokenizer="encoder (hashing)",
    dropped=[Dropped(memory_id=MEMORY_ID, reason="rank", score=0.1)],
    took_ms={"search": 1.0, "total": 2.0},
    backend="exact",
    neighbours=[
        Neighbour(
            memory=MEMORY,
            via=Via(hit=MEMORY_ID, type=LinkType.RELATED, weight=0.5, reason="shares: Lisbon"),
            score=0.25,
            tokens=6,
        )
    ],
    beside=[Accompanying(memory=MEMORY, of=MEMORY_ID, offset=-1, tokens=6)],
    when=WHEN,
)
ANNOTATIONS = AnnotationVersion(
    number=2,
    version=1,
    annotations=Annotations(keywords=("Lisbon",), tags=("home",), context="Ada moved."),
    made_by="rules/1",
    model_call=None,
    because_of=None,
    recorded_at=NOON,
)
NEIGHBOUR_ID = MemoryId(UUID(int=9))
LINK = StoredLink(
    link=NewLink(
        from_id=NEIGHBOUR_ID,
        to_id=MEMORY_ID,
        type=LinkType.RELATED,
        weight=0.5,
        reason="shares: Lisbon",
    ),
    recorded_at=NOON,
)
DETAIL = MemoryDetail(memory=MEMORY, annotations=ANNOTATIONS, links=[LINK], evidence=[EVIDENCE])
PLAN = ConsolidationPlan(
    stages=[StagePlan(name="organise", todo=7, by_itself=True)],
    notes=BankNotes(
        waiting=7,
        unembedded=0,
        set_aside=1,
        annotated=3,
        annotation_versions=4,
        links=2,
        waiting_since=NOON,
    ),
    job=None,
)

STORED_POLICY = StoredPolicy(
    version=2,
    policy=RetentionPolicy(
        threshold=0.1, kinds={MemoryKind.SUMMARY: KindRule(keep=True)}, capacity=100
    ),
    actor="api",
    recorded_at=NOON,
)
SWEEP_PLAN = SweepPlan(
    now=NOON,
    examined=5,
    fates=[
        Fate(
            memory_id=MEMORY_ID,
            kind=MemoryKind.TURN,
            reason=reason,
            retention=0.01,
            threshold=0.05,
            age_days=30.0,
            strength=1.0,
        )
        for reason in (FateReason.FADED, FateReason.FADED, FateReason.TOO_OLD)
    ],
)
STARTED_SWEEP = StartedSweep(
    bank_id=BANK_ID, job_id=JOB_ID, operation_id=OPERATION_ID, now=NOON, policy_version=2
)
FORECAST = Forecast(
    now=NOON,
    leaving=[1, 0, 2],
    soonest=[Fading(memory_id=MEMORY_ID, kind=MemoryKind.TURN, reason=FateReason.FADED, at=NOON)],
    examined=5,
)
LISBON = Entity(
    form=EntityForm("lisbon"), memories=3, name="Lisbon", type="city", aliases=["Lisboa"]
)
USAGE = Usage(
    day=NOON.date(),
    purpose="organise",
    model="openai/small",
    calls=3,
    input_tokens=900,
    output_tokens=90,
    cost_usd=0.25,
    tries=4,
    failures=1,
    validation_errors=2,
    latest_at=NOON,
)
EVENT = EpisodeEvent(
    event=Event(first=3, last=5, begin=Begin.SURPRISE, at=4, surprise=0.75, threshold=0.5),
    thread=ThreadKey(EPISODE_ID, "u", ""),
    memory_ids=[MEMORY_ID],
    first=3,
    last=5,
    at=4,
)
SUMMARY = KeptSummary(
    memory=MEMORY,
    kind=SummaryKind.SESSION,
    covers_from=NOON,
    covers_to=NOON + timedelta(hours=1),
    sources=2,
    is_stale=True,
)
PORTRAIT = KeptPortrait(
    memory=MEMORY,
    lines=[
        PortraitLine(
            topic=Topic.RESIDENCE,
            text="lives in Lisbon",
            said_on=NOON.date(),
            evidence=(MEMORY_ID,),
        )
    ],
    editions=1,
    former_id=None,
)
