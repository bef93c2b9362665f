"""Use cases that note how they were called and answer from a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from memsvc.domain.bank_models import BankModel, ModelState
from memsvc.domain.filters import MemoryListing
from memsvc.domain.fusion import Arm, ScorePart
from memsvc.domain.identifiers import BankId, EpisodeId, JobId, MemoryId, TenantId
from memsvc.domain.index_checks import Fault, Holder, Mismatch, Verification
from memsvc.domain.index_states import (
    FollowerState,
    HeldBank,
    ServerIndex,
    SnapshotState,
    VectorState,
)
from memsvc.domain.jobs import Job, JobKind, JobListing, JobState, Progress
from memsvc.domain.memory import (
    Bank,
    BankChange,
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
from memsvc.domain.operations import (
    Aspect,
    Effect,
    Operation,
    OperationId,
    OperationKind,
    OperationListing,
    OperationState,
)
from memsvc.domain.paging import Page, PageRequest
from memsvc.services.arms import ArmReport, ArmStatus
from memsvc.services.commands import (
    BankCreated,
    BankReference,
    Caller,
    EpisodeWritten,
    MemoryPatch,
    NewBank,
    NewEpisode,
    NewMemory,
    Remembered,
    RequestKey,
)
from memsvc.services.health import Check, Readiness
from memsvc.services.idempotency import Outcome
from memsvc.services.index_upkeep import IndexState, RebuiltBank, VerifiedBank
from memsvc.services.recall import Dropped, Hit, Recalled, RecallQuery
from memsvc.services.reembedding import ReembedCommand

NOON = datetime(2024, 5, 7, 12, 0, tzinfo=UTC)
TENANT_ID = TenantId(UUID(int=1))
BANK_ID = BankId(UUID(int=2))
EPISODE_ID = EpisodeId(UUID(int=3))
MEMORY_ID = MemoryId(UUID(int=4))
JOB_ID = JobId(UUID(int=5))
OPERATION_ID = OperationId(UUID(int=6))

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
    dropped=[Dropped(memory_id=MEMORY_ID, reason="rank", score=0.1)],
    took_ms={"search": 1.0, "total": 2.0},
    backend="exact",
)


@dataclass(slots=True)
class Script:
    """What the use cases answer, and how they were called."""

    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    error: Exception | None = None
    replayed: bool = False
    answers: dict[str, Any] = field(default_factory=dict)
    """Instead of the usual answer, by use case."""

    def play(self, use_case: str, answer: Any, *arguments: Any) -> Any:
        self.calls.append((use_case, arguments))
        if self.error is not None:
            raise self.error
        return self.answers.get(use_case, answer)

    def change(self, use_case: str, answer: Any, *arguments: Any) -> Outcome[Any]:
        value = self.play(use_case, answer, *arguments)
        return Outcome(value=value, replayed=self.replayed)

    @property
    def last_use_case(self) -> str:
        return self.calls[-1][0]

    @property
    def last_arguments(self) -> tuple[Any, ...]:
        return self.calls[-1][1]

    @property
    def last_key(self) -> RequestKey | None:
        key: RequestKey | None = self.last_arguments[-1]
        return key


@dataclass(slots=True)
class FakeBanks:
    script: Script

    async def create(
        self, caller: Caller, new: NewBank, key: RequestKey | None = None
    ) -> Outcome[BankCreated]:
        answer = BankCreated(bank=BANK, created=True)
        return self.script.change("banks.create", answer, caller, new, key)

    async def get(self, caller: Caller, reference: BankReference) -> Bank:
        bank: Bank = self.script.play("banks.get", BANK, caller, reference)
        return bank

    async def list(self, caller: Caller, page: PageRequest) -> Page[Bank]:
        banks: Page[Bank] = self.script.play("banks.list", _page(BANK), caller, page)
        return banks

    async def update(
        self,
        caller: Caller,
        reference: BankReference,
        change: BankChange,
        key: RequestKey | None = None,
    ) -> Outcome[Bank]:
        return self.script.change("banks.update", BANK, caller, reference, change, key)

    async def delete(
        self, caller: Caller, reference: BankReference, key: RequestKey | None = None
    ) -> Outcome[Job]:
        return self.script.change("banks.delete", JOB, caller, reference, key)


@dataclass(slots=True)
class FakeRemember:
    script: Script

    async def episodes(
        self,
        caller: Caller,
        bank: BankReference,
        new: Sequence[NewEpisode],
        key: RequestKey | None = None,
    ) -> Outcome[Remembered]:
        return self.script.change("remember.episodes", REMEMBERED_EPISODE, caller, bank, new, key)

    async def items(
        self,
        caller: Caller,
        bank: BankReference,
        new: Sequence[NewMemory],
        key: RequestKey | None = None,
    ) -> Outcome[Remembered]:
        return self.script.change("remember.items", REMEMBERED_ITEM, caller, bank, new, key)


@dataclass(slots=True)
class FakeRecall:
    script: Script

    async def __call__(self, caller: Caller, bank: BankReference, query: RecallQuery) -> Recalled:
        recalled: Recalled = self.script.play("recall", RECALLED, caller, bank, query)
        return recalled


@dataclass(slots=True)
class FakeMemories:
    script: Script

    async def get(self, caller: Caller, bank: BankReference, memory_id: MemoryId) -> Memory:
        memory: Memory = self.script.play("memories.get", MEMORY, caller, bank, memory_id)
        return memory

    async def list(
        self, caller: Caller, bank: BankReference, listing: MemoryListing, page: PageRequest
    ) -> Page[Memory]:
        found: Page[Memory] = self.script.play(
            "memories.list", _page(MEMORY), caller, bank, listing, page
        )
        return found

    async def versions(
        self, caller: Caller, bank: BankReference, memory_id: MemoryId, page: PageRequest
    ) -> Page[MemoryVersion]:
        found: Page[MemoryVersion] = self.script.play(
            "memories.versions", _page(VERSION), caller, bank, memory_id, page
        )
        return found

    async def patch(
        self,
        caller: Caller,
        bank: BankReference,
        memory_id: MemoryId,
        patch: MemoryPatch,
        key: RequestKey | None = None,
    ) -> Outcome[Memory]:
        return self.script.change("memories.patch", MEMORY, caller, bank, memory_id, patch, key)

    async def archive(
        self,
        caller: Caller,
        bank: BankReference,
        memory_id: MemoryId,
        key: RequestKey | None = None,
    ) -> Outcome[Memory]:
        return self.script.change("memories.archive", MEMORY, caller, bank, memory_id, key)

    async def restore(
        self,
        caller: Caller,
        bank: BankReference,
        memory_id: MemoryId,
        key: RequestKey | None = None,
    ) -> Outcome[Memory]:
        return self.script.change("memories.restore", MEMORY, caller, bank, memory_id, key)


@dataclass(slots=True)
class FakeJobs:
    script: Script

    async def get(self, caller: Caller, job_id: JobId) -> Job:
        job: Job = self.script.play("jobs.get", JOB, caller, job_id)
        return job

    async def list(self, caller: Caller, listing: JobListing, page: PageRequest) -> Page[Job]:
        found: Page[Job] = self.script.play("jobs.list", _page(JOB), caller, listing, page)
        return found

    async def retry(
        self, caller: Caller, job_id: JobId, key: RequestKey | None = None
    ) -> Outcome[Job]:
        return self.script.change("jobs.retry", JOB, caller, job_id, key)

    async def cancel(
        self, caller: Caller, job_id: JobId, key: RequestKey | None = None
    ) -> Outcome[Job]:
        return self.script.change("jobs.cancel", JOB, caller, job_id, key)


@dataclass(slots=True)
class FakeReembedding:
    script: Script

    async def start(
        self,
        caller: Caller,
        reference: BankReference,
        command: ReembedCommand,
        key: RequestKey | None = None,
    ) -> Outcome[Job]:
        return self.script.change("reembedding.start", JOB, caller, reference, command, key)

    async def models(self, caller: Caller, reference: BankReference) -> Sequence[BankModel]:
        found: Sequence[BankModel] = self.script.play(
            "reembedding.models", [MODEL], caller, reference
        )
        return found


@dataclass(slots=True)
class FakeIndexUpkeep:
    script: Script

    async def state(self, caller: Caller) -> IndexState:
        state: IndexState = self.script.play("index_upkeep.state", INDEX_STATE, caller)
        return state

    async def verify(self, caller: Caller, reference: BankReference) -> VerifiedBank:
        found: VerifiedBank = self.script.play("index_upkeep.verify", VERIFIED, caller, reference)
        return found

    async def rebuild(self, caller: Caller, reference: BankReference) -> RebuiltBank:
        rebuilt = RebuiltBank(holds_vectors=True, memories=3, server_loaded=False)
        found: RebuiltBank = self.script.play("index_upkeep.rebuild", rebuilt, caller, reference)
        return found


@dataclass(slots=True)
class FakeOperations:
    script: Script

    async def list(
        self, caller: Caller, reference: BankReference, listing: OperationListing, page: PageRequest
    ) -> Page[Operation]:
        found: Page[Operation] = self.script.play(
            "operations.list",
            Page(items=[OPERATION], next_cursor=None),
            caller,
            reference,
            listing,
            page,
        )
        return found

    async def get(
        self, caller: Caller, reference: BankReference, operation_id: OperationId
    ) -> Operation:
        found: Operation = self.script.play(
            "operations.get", OPERATION, caller, reference, operation_id
        )
        return found

    async def effects(
        self, caller: Caller, reference: BankReference, operation_id: OperationId, page: PageRequest
    ) -> Page[Effect]:
        found: Page[Effect] = self.script.play(
            "operations.effects",
            Page(items=[EFFECT], next_cursor="0"),
            caller,
            reference,
            operation_id,
            page,
        )
        return found

    async def undo(
        self,
        caller: Caller,
        reference: BankReference,
        operation_id: OperationId,
        key: RequestKey | None = None,
    ) -> Outcome[Operation]:
        return self.script.change(
            "operations.undo", OPERATION, caller, reference, operation_id, key
        )


@dataclass(slots=True)
class FakeHealth:
    script: Script
    checks: Mapping[str, Check] = field(
        default_factory=lambda: {"database": Check(ok=True, detail="PostgreSQL 18")}
    )

    async def ready(self) -> Readiness:
        return Readiness(checks=self.checks)


class FakeApplication:
    """Every use case a route may call."""

    def __init__(self) -> None:
        self.script = Script()
        self.default_tenant = TENANT_ID
        self.banks = FakeBanks(self.script)
        self.remember = FakeRemember(self.script)
        self.recall = FakeRecall(self.script)
        self.memories = FakeMemories(self.script)
        self.jobs = FakeJobs(self.script)
        self.reembedding = FakeReembedding(self.script)
        self.operations = FakeOperations(self.script)
        self.index_upkeep = FakeIndexUpkeep(self.script)
        self.health = FakeHealth(self.script)


def _page(item: Any) -> Page[Any]:
    return Page(items=[item], next_cursor="next")
