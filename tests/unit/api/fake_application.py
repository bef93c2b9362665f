"""Use cases that note how they were called and answer from a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from memsvc.domain.bank_models import BankModel
from memsvc.domain.filters import MemoryListing
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.identifiers import JobId, MemoryId
from memsvc.domain.jobs import Job, JobListing
from memsvc.domain.memory import (
    Bank,
    BankChange,
    Memory,
    MemoryVersion,
)
from memsvc.domain.operations import (
    Effect,
    Operation,
    OperationId,
    OperationListing,
)
from memsvc.domain.paging import Page, PageRequest
from memsvc.domain.retention.forecast import Forecast
from memsvc.domain.retention.policy import RetentionPolicy, StoredPolicy
from memsvc.domain.retention.sweep import SweepPlan
from memsvc.services.commands import (
    BankCreated,
    BankReference,
    Caller,
    MemoryPatch,
    NewBank,
    NewEpisode,
    NewMemory,
    Remembered,
    RequestKey,
)
from memsvc.services.graph import Entity, EntityDetail, GraphStatistics, Mentioning
from memsvc.services.health import Check, Readiness
from memsvc.services.idempotency import Outcome
from memsvc.services.index_upkeep import IndexState, RebuiltBank, VerifiedBank
from memsvc.services.recall import Recalled, RecallQuery
from memsvc.services.reembedding import ReembedCommand
from memsvc.services.retention import PolicyChange, StartedSweep
from tests.unit.api.answers import (
    BANK,
    BANK_ID,
    EFFECT,
    FORECAST,
    INDEX_STATE,
    JOB,
    LISBON,
    MEMORY,
    MEMORY_ID,
    MODEL,
    OPERATION,
    RECALLED,
    REMEMBERED_EPISODE,
    REMEMBERED_ITEM,
    STARTED_SWEEP,
    STORED_POLICY,
    SWEEP_PLAN,
    TENANT_ID,
    VERIFIED,
    VERSION,
)
from tests.unit.api.fake_notes import FakeConsolidation, FakeMemoryDetails


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
class FakeRetention:
    script: Script

    async def policy(self, caller: Caller, reference: BankReference) -> StoredPolicy | None:
        found: StoredPolicy | None = self.script.play(
            "retention.policy", STORED_POLICY, caller, reference
        )
        return found

    async def set_policy(
        self,
        caller: Caller,
        reference: BankReference,
        policy: RetentionPolicy | None,
        key: RequestKey | None = None,
    ) -> Outcome[PolicyChange]:
        changed = PolicyChange(bank_id=BANK_ID, stored=STORED_POLICY)
        return self.script.change("retention.set_policy", changed, caller, reference, policy, key)

    async def preview(
        self,
        caller: Caller,
        reference: BankReference,
        policy: RetentionPolicy | None,
        now: datetime | None,
    ) -> SweepPlan:
        found: SweepPlan = self.script.play(
            "retention.preview", SWEEP_PLAN, caller, reference, policy, now
        )
        return found

    async def foresee(
        self,
        caller: Caller,
        reference: BankReference,
        policies: Sequence[RetentionPolicy | None],
        **limits: int,
    ) -> list[Forecast]:
        found: list[Forecast] = self.script.play(
            "retention.foresee", [FORECAST], caller, reference, policies, limits
        )
        return found

    async def sweep(
        self,
        caller: Caller,
        reference: BankReference,
        policy: RetentionPolicy | None,
        now: datetime | None,
        key: RequestKey | None = None,
    ) -> Outcome[StartedSweep]:
        return self.script.change(
            "retention.sweep", STARTED_SWEEP, caller, reference, policy, now, key
        )


@dataclass(slots=True)
class FakeGraph:
    script: Script

    async def statistics(self, caller: Caller, reference: BankReference) -> GraphStatistics:
        found: GraphStatistics = self.script.play(
            "graph.statistics",
            GraphStatistics(memories=3, entities=2, mentions=4, nbytes=880),
            caller,
            reference,
        )
        return found

    async def entities(
        self, caller: Caller, reference: BankReference, containing: str | None, page: PageRequest
    ) -> Page[Entity]:
        found: Page[Entity] = self.script.play(
            "graph.entities",
            Page(items=[LISBON], next_cursor="1"),
            caller,
            reference,
            containing,
            page,
        )
        return found

    async def entity(
        self, caller: Caller, reference: BankReference, name: str, *, most: int
    ) -> EntityDetail:
        found: EntityDetail = self.script.play(
            "graph.entity",
            EntityDetail(entity=LISBON, memories=[MEMORY], neighbours=[LISBON]),
            caller,
            reference,
            name,
            most,
        )
        return found

    async def path(
        self, caller: Caller, reference: BankReference, start: str, end: str
    ) -> Sequence[tuple[EntityForm, MemoryId | None]]:
        found: Sequence[tuple[EntityForm, MemoryId | None]] = self.script.play(
            "graph.path",
            [(LISBON.form, MEMORY_ID), (EntityForm("ada"), None)],
            caller,
            reference,
            start,
            end,
        )
        return found

    async def mentions(
        self, caller: Caller, reference: BankReference, page: PageRequest
    ) -> Page[Mentioning]:
        found: Page[Mentioning] = self.script.play(
            "graph.mentions",
            Page(
                items=[
                    Mentioning(
                        memory_id=MEMORY_ID, entities=[(LISBON.form, 2)], subjects=[LISBON.form]
                    )
                ],
                next_cursor=None,
            ),
            caller,
            reference,
            page,
        )
        return found

    async def rebuild(
        self, caller: Caller, reference: BankReference, key: RequestKey | None = None
    ) -> Outcome[Job]:
        return self.script.change("graph.rebuild", JOB, caller, reference, key)


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
        self.memory_details = FakeMemoryDetails(self.script)
        self.consolidation = FakeConsolidation(self.script)
        self.reembedding = FakeReembedding(self.script)
        self.operations = FakeOperations(self.script)
        self.retention = FakeRetention(self.script)
        self.graph = FakeGraph(self.script)
        self.index_upkeep = FakeIndexUpkeep(self.script)
        self.health = FakeHealth(self.script)


def _page(item: Any) -> Page[Any]:
    return Page(items=[item], next_cursor="next")
