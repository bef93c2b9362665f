"""The use cases of notes, answering from a script like those of ``fake_application``."""

from dataclasses import dataclass
from typing import Any

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import Job
from memsvc.domain.organising.notes import AnnotationVersion
from memsvc.domain.paging import Page, PageRequest
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Outcome
from memsvc.services.memory_details import MemoryDetail
from memsvc.services.organising.consolidate import ConsolidateCommand, ConsolidationPlan
from tests.unit.api.answers import ANNOTATIONS, DETAIL, JOB, PLAN


@dataclass(slots=True)
class FakeMemoryDetails:
    script: Any

    async def get(self, caller: Caller, bank: BankReference, memory_id: MemoryId) -> MemoryDetail:
        found: MemoryDetail = self.script.play("memories.get", DETAIL, caller, bank, memory_id)
        return found

    async def annotations(
        self, caller: Caller, bank: BankReference, memory_id: MemoryId, page: PageRequest
    ) -> Page[AnnotationVersion]:
        found: Page[AnnotationVersion] = self.script.play(
            "memories.annotations",
            Page(items=[ANNOTATIONS], next_cursor="next"),
            caller,
            bank,
            memory_id,
            page,
        )
        return found


@dataclass(slots=True)
class FakeConsolidation:
    script: Any

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
        outcome: Outcome[Job] = self.script.change(
            "consolidation.start", JOB, caller, reference, command, key
        )
        return outcome
