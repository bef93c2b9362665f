"""Use cases that note how they were called and answer from a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from memsvc.domain.bank_models import BankModel
from memsvc.domain.filters import MemoryListing
from memsvc.domain.identifiers import JobId, MemoryId
from memsvc.domain.jobs import Job, JobListing
from memsvc.domain.memory import (
    Bank,
    BankChange,
    Memory,
    MemoryVersion,
)
from memsvc.domain.organising.notes import AnnotationVersion
from memsvc.domain.paging import Page, PageRequest
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
from memsvc.services.health import Check, Readiness
from memsvc.services.idempotency import Outcome
from memsvc.services.index_upkeep import IndexState, RebuiltBank, VerifiedBank
from memsvc.services.memory_details import MemoryDetail
from memsvc.services.organising.consolidate import ConsolidateCommand, ConsolidationPlan
from memsvc.services.recalling.recalled import Recalled, RecallQuery
from memsvc.services.reembedding import ReembedCommand
from memsvc.telemetry import ORGANISING_OLDEST_WAITING_SECONDS
from tests.unit.api.answers import (
    ANNOTATIONS,
    BANK,
    DETAIL,
    INDEX_STATE,
    JOB,
    MEMORY,
    MODEL,
    PLAN,
    RECALLED,
    REMEMBERED_EPISODE,
    REMEMBERED_ITEM,
    TENANT_ID,
    VERIFIED,
    VERSION,
)
from tests.unit.api.fake_calibrations import FakeCalibrations
from tests.unit.api.fake_context import FakeContext
from tests.unit.api.fake_recalls import (
    FakeDecayReplay,
    FakeFeedback,
    FakeRecordedRecalls,
    FakeReplay,
)
from tests.unit.api.fake_thoughts import FakeThoughts
from tests.unit.api.fake_upkeep import (
    FakeErase,
    FakeEvents,
    FakeFacts,
    FakeGiveFacts,
    FakeGraph,
    FakeModelCalls,
    FakeOperations,
    FakePortraits,
    FakeRetention,
    FakeReviews,
    FakeSummaries,
)
from tests.unit.api.script import Script


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
class FakeMemoryDetails:
    script: Script

    async def get(self, caller: Caller, bank: BankReference, memory_id: MemoryId) -> MemoryDetail:
        found: MemoryDetail = self.script.play("memories.get", DETAIL, caller, bank, memory_id)
        return found

    async def annotations(
        self, caller: Caller, bank: BankReference, memory_id: MemoryId, page: PageRequest
    ) -> Page[AnnotationVersion]:
        found: Page[AnnotationVersion] = self.script.play(
            "memories.annotations", _page(ANNOTATIONS), caller, bank, memory_id, page
        )
        return found


@dataclass(slots=True)
class FakeConsolidation:
    script: Script

    async def plan(self, caller: Caller, reference: BankReference) -> ConsolidationPlan:
        found: ConsolidationPlan = self.script.play("consolidation.plan", PLAN, caller, reference)
        return found

    async def start(
        self,
        caller: Caller,
        reference: BankReference,
        command: ConsolidateCommand,
        key: RequestKey | None = None,
    ) -> Outcome[Job]:
        return self.script.change("consolidation.start", JOB, caller, reference, command, key)


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
class FakeHealth:
    script: Script
    checks: Mapping[str, Check] = field(
        default_factory=lambda: {"database": Check(ok=True, detail="PostgreSQL 18")}
    )

    async def ready(self) -> Readiness:
        return Readiness(checks=self.checks)


class FakeBacklog:
    async def measure(self, _caller: Caller) -> None:
        ORGANISING_OLDEST_WAITING_SECONDS.set(90)


class FakeApplication:
    """Every use case a route may call."""

    def __init__(self) -> None:
        self.script = Script()
        self.default_tenant = TENANT_ID
        self.banks = FakeBanks(self.script)
        self.remember = FakeRemember(self.script)
        self.recall = FakeRecall(self.script)
        self.recorded_recalls = FakeRecordedRecalls(self.script)
        self.replay = FakeReplay(self.script)
        self.decay_replay = FakeDecayReplay(self.script)
        self.feedback = FakeFeedback(self.script)
        self.compose_context = FakeContext(self.script)
        self.memories = FakeMemories(self.script)
        self.jobs = FakeJobs(self.script)
        self.memory_details = FakeMemoryDetails(self.script)
        self.consolidation = FakeConsolidation(self.script)
        self.reembedding = FakeReembedding(self.script)
        self.operations = FakeOperations(self.script)
        self.reviews = FakeReviews(self.script)
        self.thoughts = FakeThoughts(self.script)
        self.erase = FakeErase(self.script)
        self.portraits = FakePortraits(self.script)
        self.summaries = FakeSummaries(self.script)
        self.events = FakeEvents(self.script)
        self.retention = FakeRetention(self.script)
        self.calibrations = FakeCalibrations(self.script)
        self.facts = FakeFacts(self.script)
        self.give_facts = FakeGiveFacts(self.script)
        self.graph = FakeGraph(self.script)
        self.model_calls = FakeModelCalls(self.script)
        self.index_upkeep = FakeIndexUpkeep(self.script)
        self.backlog = FakeBacklog()
        self.health = FakeHealth(self.script)


def _page(item: Any) -> Page[Any]:
    return Page(items=[item], next_cursor="next")
