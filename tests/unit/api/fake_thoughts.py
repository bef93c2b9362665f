"""Use cases about thoughts, with scripted answers."""

from dataclasses import dataclass

from memsvc.domain.jobs import Job
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Outcome
from memsvc.services.thoughts import (
    ChangedThought,
    ForgetThought,
    InsertThought,
    MergeThoughts,
    ThinkCommand,
)
from tests.unit.api.answers import JOB, MEMORY, OPERATION_ID
from tests.unit.api.script import Script

CHANGED = ChangedThought(memory=MEMORY, operation_id=OPERATION_ID)


@dataclass(slots=True)
class FakeThoughts:
    script: Script

    async def think(
        self,
        caller: Caller,
        bank: BankReference,
        command: ThinkCommand,
        key: RequestKey | None = None,
    ) -> Outcome[Job]:
        return self.script.change("thoughts.think", JOB, caller, bank, command, key)

    async def insert(
        self,
        caller: Caller,
        bank: BankReference,
        command: InsertThought,
        key: RequestKey | None = None,
    ) -> Outcome[ChangedThought]:
        return self.script.change("thoughts.insert", CHANGED, caller, bank, command, key)

    async def forget(
        self,
        caller: Caller,
        bank: BankReference,
        command: ForgetThought,
        key: RequestKey | None = None,
    ) -> Outcome[ChangedThought]:
        return self.script.change("thoughts.forget", CHANGED, caller, bank, command, key)

    async def merge(
        self,
        caller: Caller,
        bank: BankReference,
        command: MergeThoughts,
        key: RequestKey | None = None,
    ) -> Outcome[ChangedThought]:
        return self.script.change("thoughts.merge", CHANGED, caller, bank, command, key)
