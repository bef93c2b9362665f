"""Use cases about history, forgetting, the graph and model calls, with scripted answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.erasure import Erasure, ErasureId, Subject
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.identifiers import MemoryId, TenantId
from memsvc.domain.jobs import Job
from memsvc.domain.model_calls import Budget, Usage
from memsvc.domain.operations import (
    Effect,
    Operation,
    OperationId,
    OperationListing,
)
from memsvc.domain.organising.summary_listing import SummaryListing
from memsvc.domain.paging import Page, PageRequest
from memsvc.domain.retention.forecast import Forecast
from memsvc.domain.retention.policy import RetentionPolicy, StoredPolicy
from memsvc.domain.retention.sweep import SweepPlan
from memsvc.domain.reviews import ReviewId, ReviewState
from memsvc.domain.thoughts.merging import Review
from memsvc.services.commands import (
    BankReference,
    Caller,
    RequestKey,
)
from memsvc.services.erasing.erase import StartedErasure
from memsvc.services.events import EpisodeEvent
from memsvc.services.facts import FactQuery, ShownFact
from memsvc.services.giving import GaveFacts, Given
from memsvc.services.graph import (
    AroundEntity,
    AroundMemory,
    Entity,
    EntityDetail,
    GraphStatistics,
    Mentioning,
    Subgraph,
)
from memsvc.services.idempotency import Outcome
from memsvc.services.portraits import KeptPortrait, PortraitEdition
from memsvc.services.retention import PolicyChange, StartedSweep
from memsvc.services.summaries import KeptSummary
from tests.unit.api.answers import (
    BANK_ID,
    EFFECT,
    ERASURE,
    EVENT,
    FORECAST,
    GAVE_FACTS,
    JOB,
    LISBON,
    MEMORY,
    MEMORY_ID,
    OPERATION,
    PORTRAIT,
    REVIEW,
    SHOWN_FACT,
    STARTED_ERASURE,
    STARTED_SWEEP,
    STORED_POLICY,
    SUMMARY,
    SWEEP_PLAN,
    USAGE,
)
from tests.unit.api.script import Script


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
class FakeReviews:
    script: Script

    async def list(
        self,
        caller: Caller,
        reference: BankReference,
        state: ReviewState | None,
        page: PageRequest,
    ) -> Page[Review]:
        found: Page[Review] = self.script.play(
            "reviews.list", Page(items=[REVIEW], next_cursor=None), caller, reference, state, page
        )
        return found

    async def accept(
        self,
        caller: Caller,
        reference: BankReference,
        review_id: ReviewId,
        key: RequestKey | None = None,
    ) -> Outcome[Review]:
        return self.script.change("reviews.accept", REVIEW, caller, reference, review_id, key)

    async def reject(
        self,
        caller: Caller,
        reference: BankReference,
        review_id: ReviewId,
        key: RequestKey | None = None,
    ) -> Outcome[Review]:
        return self.script.change("reviews.reject", REVIEW, caller, reference, review_id, key)


@dataclass(slots=True)
class FakeErase:
    script: Script

    async def preview(self, caller: Caller, reference: BankReference, subject: Subject) -> int:
        found: int = self.script.play("erase.preview", 3, caller, reference, subject)
        return found

    async def start(
        self,
        caller: Caller,
        reference: BankReference,
        subject: Subject,
        key: RequestKey | None = None,
    ) -> Outcome[StartedErasure]:
        return self.script.change("erase.start", STARTED_ERASURE, caller, reference, subject, key)

    async def list(
        self, caller: Caller, reference: BankReference, page: PageRequest
    ) -> Page[Erasure]:
        found: Page[Erasure] = self.script.play(
            "erase.list", Page(items=[ERASURE], next_cursor=None), caller, reference, page
        )
        return found

    async def get(self, caller: Caller, reference: BankReference, erasure_id: ErasureId) -> Erasure:
        found: Erasure = self.script.play("erase.get", ERASURE, caller, reference, erasure_id)
        return found

    async def public_key(self) -> str:
        found: str = self.script.play("erase.public_key", "a2V5")
        return found


@dataclass(slots=True)
class FakeFacts:
    script: Script

    async def list(
        self, caller: Caller, reference: BankReference, query: FactQuery, page: PageRequest
    ) -> Page[ShownFact]:
        found: Page[ShownFact] = self.script.play(
            "facts.list", Page(items=[SHOWN_FACT], next_cursor="c"), caller, reference, query, page
        )
        return found


@dataclass(slots=True)
class FakeGiveFacts:
    script: Script

    async def __call__(
        self, caller: Caller, reference: BankReference, given: Given, key: RequestKey | None = None
    ) -> Outcome[GaveFacts]:
        return self.script.change("give_facts", GAVE_FACTS, caller, reference, given, key)


@dataclass(slots=True)
class FakePortraits:
    script: Script

    async def get(self, caller: Caller, reference: BankReference, user_id: str) -> KeptPortrait:
        found: KeptPortrait = self.script.play(
            "portraits.get", PORTRAIT, caller, reference, user_id
        )
        return found

    async def versions(
        self, caller: Caller, reference: BankReference, user_id: str, page: PageRequest
    ) -> Page[PortraitEdition]:
        edition = PortraitEdition(memory=MEMORY, lines=PORTRAIT.lines, number=1)
        found: Page[PortraitEdition] = self.script.play(
            "portraits.versions",
            Page(items=[edition], next_cursor=None),
            caller,
            reference,
            user_id,
            page,
        )
        return found


@dataclass(slots=True)
class FakeSummaries:
    script: Script

    async def list(
        self, caller: Caller, reference: BankReference, listing: SummaryListing, page: PageRequest
    ) -> Page[KeptSummary]:
        found: Page[KeptSummary] = self.script.play(
            "summaries.list",
            Page(items=[SUMMARY], next_cursor=None),
            caller,
            reference,
            listing,
            page,
        )
        return found


@dataclass(slots=True)
class FakeEvents:
    script: Script

    async def list(
        self, caller: Caller, reference: BankReference, source: str, page: PageRequest
    ) -> Page[EpisodeEvent]:
        found: Page[EpisodeEvent] = self.script.play(
            "events.list",
            Page(items=[EVENT], next_cursor=None),
            caller,
            reference,
            source,
            page,
        )
        return found


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

    async def around(
        self,
        caller: Caller,
        reference: BankReference,
        question: str,
        *,
        memories: int,
        entities: int,
    ) -> Subgraph:
        found: Subgraph = self.script.play(
            "graph.around",
            Subgraph(
                memories=[AroundMemory(memory=MEMORY, score=0.5, entities=[(LISBON.form, 2)])],
                entities=[AroundEntity(entity=LISBON, here=1)],
                named=[LISBON.form],
                entities_left_out=4,
            ),
            caller,
            reference,
            question,
            memories,
            entities,
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
class FakeModelCalls:
    script: Script

    def budget_of(self, _: TenantId) -> Budget:
        return Budget(tokens_per_day=1000)

    async def usage(self, caller: Caller, days: int) -> Sequence[Usage]:
        found: Sequence[Usage] = self.script.play("model_calls.usage", [USAGE], caller, days)
        return found
