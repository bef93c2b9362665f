"""Giving facts and entities of memories: made elsewhere, or by the model that organises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from memsvc.domain.facts.names import slots_of_all_names
from memsvc.domain.graph.given import GivenEntity, GivenFact, GivenSet
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import Json
from memsvc.domain.operations import NewOperation, OperationId, OperationKind
from memsvc.errors import MemoryNotFoundError
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.settling import settle_within
from memsvc.store.audit import AuditEvent
from memsvc.store.given import NewSet
from memsvc.store.transactions import Store, WriteTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReference:
    """How a caller names a memory: by its id, or by the caller's own in its feed."""

    memory_id: MemoryId | None = None
    source: str = ""
    external_id: str | None = None

    @property
    def named(self) -> str:
        """What the caller has written."""
        return str(self.memory_id or self.external_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a call gives; every item names the memory that it was read from."""

    origin: str
    """Whose work it is: each origin has a set of its own of each memory."""
    facts: Sequence[tuple[SourceReference, GivenFact]] = ()
    entities: Sequence[tuple[SourceReference, GivenEntity]] = ()
    memories: Sequence[SourceReference] = ()
    """Whose sets are looked at too; to empty one, with ``replaces``."""
    replaces: bool = False
    """Whether the sets of the memories named become what is given here, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveFacts:
    """What became of a call."""

    bank_id: BankId
    changed: int
    """Memories whose set is another one now."""
    unchanged: int
    """Memories of which nothing new was given."""
    facts: int
    """Of the sets that changed."""
    entities: int
    """Distinct ones that the sets that changed speak of."""
    ended: int
    """Facts that hold no longer because of it."""
    operation_id: OperationId | None
    """Which undoes it; ``None`` where nothing has changed."""


class GiveFacts:
    """Takes facts and entities that somebody else has read from memories."""

    def __init__(self, store: Store) -> None:
        self._once = Once(
            store=store, result=TypeAdapter(GaveFacts), bank_of=lambda result: result.bank_id
        )

    async def __call__(
        self, caller: Caller, bank: BankReference, given: Given, key: RequestKey | None = None
    ) -> Outcome[GaveFacts]:
        """Store what is new, in one transaction; giving the same again changes nothing.

        Raises ``MemoryNotFoundError`` that names the item.
        """

        async def work(tx: WriteTransaction) -> GaveFacts:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            await tx.banks.lock(bank_id)
            await tx.facts.lock(bank_id)
            sets = await _by_memory(tx, bank_id, given)
            return await give_within(
                tx, bank_id, caller.actor, SetsToGive(given.origin, sets, replaces=given.replaces)
            )

        return await self._once.run(caller, key, work)


@dataclass(frozen=True, slots=True)
class SetsToGive:
    """What is given of each memory."""

    origin: str
    sets: Mapping[MemoryId, GivenSet]
    replaces: bool
    details: Mapping[str, str] | None = None
    """For the operation."""


async def give_within(
    tx: WriteTransaction, bank_id: BankId, actor: str, given: SetsToGive
) -> GaveFacts:
    """Give in the caller's transaction, which has locked the bank and its facts.

    Raises ``MemoryNotFoundError`` for a memory that has gone meanwhile.
    """
    locked = await tx.organising.lock(bank_id, given.sets.keys())
    held = await tx.given.holding(bank_id, given.origin, given.sets.keys())
    new: list[NewSet] = []
    for memory_id, content in sorted(given.sets.items()):
        if memory_id not in locked:
            raise MemoryNotFoundError(memory=str(memory_id))
        version, before = locked[memory_id].version, held.get(memory_id)
        present = before.content if before and before.version == version else GivenSet()
        wanted = content if given.replaces else present | content
        if wanted != present:
            new.append(NewSet(memory_id=memory_id, version=version, content=wanted))
    effects, slots = await tx.given.hold(bank_id, given.origin, new)
    names = await tx.entities.resolved_names(bank_id)
    contested = await tx.facts.contested(bank_id, slots_of_all_names(slots, names))
    ended, _ = await settle_within(tx, bank_id, contested, names)
    ids = [each.memory_id for each in new]
    facts = sum(len(each.content.facts) for each in new)
    operation_id = None
    if new:
        await tx.changes.record(bank_id, ids)
        details: dict[str, Json] = {**(given.details or {}), "origin": given.origin}
        details["facts"] = facts
        operation = NewOperation(kind=OperationKind.GIVE, effects=effects, details=details)
        operation_id = await tx.operations.record(bank_id, actor, operation)
        told = {"operation": str(operation_id), "origin": given.origin}
        events = [AuditEvent(operation="memory.give", memory_id=each, details=told) for each in ids]
        await tx.audit.record(bank_id, actor, events)
    return GaveFacts(
        bank_id=bank_id,
        changed=len(new),
        unchanged=len(given.sets) - len(new),
        facts=facts,
        entities=len({form for each in new for form, _ in each.content.mentions().counts}),
        ended=ended,
        operation_id=operation_id,
    )


async def _by_memory(
    tx: WriteTransaction, bank_id: BankId, given: Given
) -> Mapping[MemoryId, GivenSet]:
    """Return what is given by memory; raises ``MemoryNotFoundError`` that names the item."""
    named = [
        *((f"facts.{no}", each) for no, (each, _) in enumerate(given.facts)),
        *((f"entities.{no}", each) for no, (each, _) in enumerate(given.entities)),
        *((f"memories.{no}", each) for no, each in enumerate(given.memories)),
    ]
    found = await _resolved(tx, bank_id, [each for _, each in named])
    for place, reference in named:
        if reference not in found:
            raise MemoryNotFoundError(
                f"{place}: there is no memory {reference.named!r} in this bank.",
                item=place,
                memory=reference.named,
            )
    facts: dict[MemoryId, set[GivenFact]] = {}
    entities: dict[MemoryId, set[GivenEntity]] = {}
    for reference, fact in given.facts:
        facts.setdefault(found[reference], set()).add(fact)
    for reference, entity in given.entities:
        entities.setdefault(found[reference], set()).add(entity)
    return {
        memory_id: GivenSet(
            facts=frozenset(facts.get(memory_id, ())),
            entities=frozenset(entities.get(memory_id, ())),
        )
        for memory_id in set(found.values())
    }


async def _resolved(
    tx: WriteTransaction, bank_id: BankId, references: Sequence[SourceReference]
) -> Mapping[SourceReference, MemoryId]:
    """Return the memories that there are, in any state."""
    by_id = {each.memory_id for each in references if each.memory_id is not None}
    known = await tx.memories.fetch(bank_id, sorted(by_id))
    pairs = {(each.source, each.external_id) for each in references if each.external_id is not None}
    items = await tx.memories.known_items(bank_id, sorted(pairs))
    found: dict[SourceReference, MemoryId] = {}
    for each in references:
        if each.memory_id is not None and each.memory_id in known:
            found[each] = each.memory_id
        elif each.external_id is not None:
            item = items.get((each.source, each.external_id))
            if item is not None:
                found[each] = item.memory_id
    return found
