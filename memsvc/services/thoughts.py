"""Thoughts as callers handle them: having a bank thought about, and single ones by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.extraction import normal_form
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.jobs import Job, JobKind, NewJob
from memsvc.domain.memory import Json, Memory, MemoryKind, MemoryState, ScopeKeys
from memsvc.domain.operations import OperationId
from memsvc.domain.thoughts.records import (
    ForgetReason,
    ListPlan,
    NewThought,
    ThinkStep,
    Thought,
    head_of,
    merged_text,
)
from memsvc.domain.thoughts.thinking import is_named
from memsvc.errors import IllegalTransitionError, InvalidRequestError, MemoryNotFoundError
from memsvc.ports import Clock
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.thinking import Scene, forget_within, insert_within, merge_within
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store, WriteTransaction

CALLER = "caller"
"""Who makes thoughts that are inserted by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkCommand:
    """What to do of thinking."""

    steps: Sequence[ThinkStep] = tuple(ThinkStep)
    memory_ids: Sequence[MemoryId] | None = None
    """From which memories thoughts are made; ``None``: from all that were not read yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triple:
    """Whom or what a thought is about, and what it says of it."""

    head: str
    relation: str
    tail: str
    is_functional: bool = False
    """Whether a head has one tail at a time, so that a later thought ends an earlier one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertThought:
    """A conclusion of the caller's own."""

    text: str
    source_ids: Sequence[MemoryId]
    """What it follows from; it falls with any of them."""
    triple: Triple | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetThought:
    """A thought to forget, and why."""

    memory_id: MemoryId
    reason: ForgetReason
    by_id: MemoryId | None = None
    """The thought that contradicts it, or says the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeThoughts:
    """Thoughts of one head to make one of."""

    memory_ids: Sequence[MemoryId]
    text: str | None = None
    """The sentence of the new one; put together from theirs unless given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedThought:
    """A thought as it is now, and the operation that undoes what was done."""

    memory: Memory
    operation_id: OperationId


class Thoughts:
    """The three operations on thoughts, and the job that carries them out by rules."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._jobs = Once(store=store, result=TypeAdapter(Job), bank_of=lambda job: job.bank_id)
        self._once = Once(
            store=store,
            result=TypeAdapter(ChangedThought),
            bank_of=lambda changed: changed.memory.bank_id,
        )

    async def think(
        self,
        caller: Caller,
        bank: BankReference,
        command: ThinkCommand,
        key: RequestKey | None = None,
    ) -> Outcome[Job]:
        """Queue the job, or return the one that is under way with the same order."""
        payload: dict[str, Json] = {
            "steps": [each.value for each in ThinkStep if each in command.steps]
        }
        if command.memory_ids is not None:
            payload["memory_ids"] = [str(each) for each in sorted(set(command.memory_ids))]

        async def work(tx: WriteTransaction) -> Job:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            open_job = await tx.jobs.find_open(JobKind.THINK, bank_id)
            if open_job is not None and open_job.payload == payload:
                return open_job
            event = AuditEvent(operation="bank.think_requested", details=payload)
            await tx.audit.record(bank_id, caller.actor, [event])
            return await tx.jobs.add(NewJob(kind=JobKind.THINK, bank_id=bank_id, payload=payload))

        return await self._jobs.run(caller, key, work)

    async def insert(
        self,
        caller: Caller,
        bank: BankReference,
        command: InsertThought,
        key: RequestKey | None = None,
    ) -> Outcome[ChangedThought]:
        """Keep a thought of the caller's own.

        Raises ``MemoryNotFoundError``, ``IllegalTransitionError`` for sources that are not active,
        ``InvalidRequestError`` for sources that are thoughts or of different users or agents.
        """

        async def work(tx: WriteTransaction) -> ChangedThought:
            scene = await self._scene(tx, caller, bank)
            sources = await _active(tx, scene.bank_id, command.source_ids)
            if any(each.kind is MemoryKind.THOUGHT for each in sources):
                raise InvalidRequestError("Thoughts are made from memories, not from thoughts.")
            _refuse_strangers([each.keys for each in sources])
            new = _inserted(command, sources)
            made, operation = await insert_within(tx, scene, new, command.source_ids)
            return await _changed(tx, scene, made, operation)

        return await self._once.run(caller, key, work)

    async def forget(
        self,
        caller: Caller,
        bank: BankReference,
        command: ForgetThought,
        key: RequestKey | None = None,
    ) -> Outcome[ChangedThought]:
        """Archive a thought, with the reason; undoing the operation brings it back.

        Raises ``MemoryNotFoundError``, ``IllegalTransitionError``, and ``InvalidRequestError`` for
        what is no thought or is pinned.
        """

        async def work(tx: WriteTransaction) -> ChangedThought:
            scene = await self._scene(tx, caller, bank)
            ids = [command.memory_id, *([command.by_id] if command.by_id is not None else [])]
            found = await _thoughts(tx, scene.bank_id, ids)
            by = found[1] if len(found) > 1 else None
            if by is not None and by.memory_id == found[0].memory_id:
                raise InvalidRequestError("A thought cannot be forgotten for itself.")
            operation = await forget_within(tx, scene, found[0], command.reason, by)
            if operation is None:
                raise InvalidRequestError("The thought is pinned; unpin it first.")
            return await _changed(tx, scene, command.memory_id, operation)

        return await self._once.run(caller, key, work)

    async def merge(
        self,
        caller: Caller,
        bank: BankReference,
        command: MergeThoughts,
        key: RequestKey | None = None,
    ) -> Outcome[ChangedThought]:
        """Make one thought of several about the same head; undoing has them all again.

        Raises ``MemoryNotFoundError``, ``IllegalTransitionError``, and ``InvalidRequestError`` for
        heads that differ or are not known, and for different users or agents.
        """

        async def work(tx: WriteTransaction) -> ChangedThought:
            scene = await self._scene(tx, caller, bank)
            parts = await _thoughts(tx, scene.bank_id, list(dict.fromkeys(command.memory_ids)))
            names = await tx.entities.resolved_names(scene.bank_id)
            heads = {head_of(each, names) for each in parts}
            if len(parts) < 2 or None in heads:  # noqa: PLR2004
                raise InvalidRequestError("Merging takes two thoughts or more, of a known head.")
            if len(heads) > 1 or any(each.pinned for each in parts):
                raise InvalidRequestError("The thoughts are about different heads, or pinned.")
            _refuse_strangers([each.keys for each in parts])
            frames = {each.frame.casefold() for each in parts}
            plan = ListPlan(
                parts=parts,
                text=command.text or merged_text(parts),
                frame=parts[0].frame if len(frames) == 1 and command.text is None else "",
                head=heads.pop(),
            )
            made, operation = await merge_within(tx, scene, plan)
            return await _changed(tx, scene, made, operation)

        return await self._once.run(caller, key, work)

    async def _scene(self, tx: WriteTransaction, caller: Caller, bank: BankReference) -> Scene:
        found = await tx.banks.resolve(bank.value)
        await tx.banks.lock(found.scope.bank_id)
        await tx.thoughts.lock(found.scope.bank_id)
        return Scene(bank=found, actor=caller.actor, now=self._clock.now(), details={})


def _inserted(command: InsertThought, sources: Sequence[Memory]) -> NewThought:
    occurred_at = max(each.occurred_at for each in sources)
    sessions = {each.keys.session_id for each in sources}
    ends = [each.expires_at for each in sources if each.expires_at is not None]
    claim = None
    if (triple := command.triple) is not None:
        head, relation, tail = map(normal_form, (triple.head, triple.relation, triple.tail))
        if not (is_named(head) and relation and tail):
            raise InvalidRequestError("A triple needs a named head, a relation and a tail.")
        claim = Claim(
            subject=head,
            predicate=relation,
            object=tail,
            valid_from=occurred_at,
            said_at=occurred_at,
            rule=CALLER,
            is_functional=triple.is_functional,
        )
    return NewThought(
        text=command.text,
        keys=ScopeKeys(
            user_id=sources[0].keys.user_id,
            agent_id=sources[0].keys.agent_id,
            session_id=sessions.pop() if len(sessions) == 1 else None,
        ),
        occurred_at=occurred_at,
        made_by=CALLER,
        claim=claim,
        needs_all=True,
        expires_at=min(ends, default=None),
    )


async def _active(tx: WriteTransaction, bank_id: BankId, ids: Sequence[MemoryId]) -> list[Memory]:
    """Return the memories, locked; raises unless all are there and active."""
    await tx.organising.lock(bank_id, ids)
    found = await tx.memories.fetch(bank_id, ids)
    for each in ids:
        if each not in found:
            raise MemoryNotFoundError(memory=str(each))
        state = found[each].state
        if state is not MemoryState.ACTIVE:
            raise IllegalTransitionError(
                f"A memory that is {state} can be neither thought from nor changed as a thought.",
                state=state,
                wanted=MemoryState.ACTIVE,
            )
    return [found[each] for each in ids]


async def _thoughts(
    tx: WriteTransaction, bank_id: BankId, ids: Sequence[MemoryId]
) -> list[Thought]:
    await _active(tx, bank_id, ids)
    found = await tx.thoughts.fetch(bank_id, ids)
    if len(found) < len(set(ids)):
        raise InvalidRequestError("This is for thoughts only; other memories are archived.")
    return [found[each] for each in ids]


def _refuse_strangers(keys: Sequence[ScopeKeys]) -> None:
    if len({(each.user_id, each.agent_id) for each in keys}) > 1:
        raise InvalidRequestError("The memories are of different users or agents.")


async def _changed(
    tx: WriteTransaction, scene: Scene, memory_id: MemoryId, operation: OperationId
) -> ChangedThought:
    memory = await tx.memories.get(scene.bank_id, memory_id)
    return ChangedThought(memory=memory, operation_id=operation)
