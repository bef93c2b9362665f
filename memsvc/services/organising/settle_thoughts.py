"""Which thoughts stand, and which are forgotten for others: carried out page by page."""

from collections.abc import Mapping, Sequence

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import MemoryState
from memsvc.domain.thoughts.records import ForgetReason, Thought, forgettings, head_of, list_plans
from memsvc.services.thinking import (
    Scene,
    forget_within,
    hold_again_within,
    merge_within,
    retire_within,
    return_within,
    unmerge_within,
)
from memsvc.store.transactions import WriteTransaction

Counts = Mapping[str, int]


async def stand_or_fall(
    tx: WriteTransaction, scene: Scene, changed: Mapping[MemoryId, bool]
) -> Counts:
    """Archive thoughts that rest on nothing in force, and bring back those that do again."""
    bank_id = scene.bank_id
    await tx.organising.lock(bank_id, changed.keys())
    thoughts = await tx.thoughts.fetch(bank_id, changed.keys())
    retired, back = 0, 0
    for memory_id in changed:
        thought, stands = thoughts[memory_id], changed[memory_id]
        await tx.thoughts.set(bank_id, [memory_id], stood=stands, settled=False)
        if stands and thought.retired and thought.state is MemoryState.ARCHIVED:
            await return_within(tx, scene, thought)
            back += 1
        elif not stands and thought.state is MemoryState.ACTIVE:
            await (unmerge_within if thought.is_list else retire_within)(tx, scene, thought)
            retired += 1
    return {"thoughts_retired": retired, "thoughts_restored": back}


async def settle_slots(tx: WriteTransaction, scene: Scene, unsettled: Sequence[Thought]) -> Counts:
    """Forget what another thought of the slot stands for, and bring back what none does."""
    bank_id = scene.bank_id
    slots = {each.claim.slot for each in unsettled if each.claim is not None}
    found = forgettings(await tx.thoughts.of_slots(bank_id, slots), await tx.facts.policy(bank_id))
    await tx.organising.lock(bank_id, [each.thought.memory_id for each in found])
    forgotten, back = 0, 0
    for each in found:
        if each.thought.superseded_by is not None:
            await hold_again_within(tx, scene, each.thought)
            back += each.by is None
        if each.by is not None:
            now = (await tx.thoughts.fetch(bank_id, [each.thought.memory_id])).values()
            for thought in now:
                await forget_within(tx, scene, thought, each.reason, each.by, is_lasting=False)
                forgotten += 1
    orphans = [each for each in unsettled if each.claim is None and each.superseded_by is not None]
    enders = await tx.thoughts.fetch(bank_id, [e.superseded_by for e in orphans if e.superseded_by])
    for orphan in orphans:
        by = enders.get(orphan.superseded_by) if orphan.superseded_by else None
        if by is None or not by.stood:
            await hold_again_within(tx, scene, orphan)
            await tx.thoughts.set(bank_id, [orphan.memory_id], hash_key=None)
            back += 1
    await tx.thoughts.set(bank_id, [each.memory_id for each in unsettled], settled=True)
    return {"thoughts_forgotten": forgotten, "thoughts_restored": back}


async def forget_pairs(
    tx: WriteTransaction, scene: Scene, pairs: Sequence[tuple[MemoryId, MemoryId]]
) -> Counts:
    """Forget each first thought for the second, as far as both are active still."""
    forgotten = 0
    for gone, kept in pairs:
        await tx.organising.lock(scene.bank_id, [gone, kept])
        now = await tx.thoughts.fetch(scene.bank_id, [gone, kept])
        if all(each in now and now[each].state is MemoryState.ACTIVE for each in (gone, kept)):
            await forget_within(
                tx, scene, now[gone], ForgetReason.REDUNDANT, now[kept], is_lasting=False
            )
            forgotten += 1
    return {"thoughts_forgotten": forgotten}


async def merge_frames(tx: WriteTransaction, scene: Scene, frames: Sequence[str]) -> Counts:
    """Make lists of thoughts that begin alike."""
    names, merged = await tx.entities.resolved_names(scene.bank_id), 0
    for frame in frames:
        merged += await _merge_lists(
            tx, scene, await tx.thoughts.of_frame(scene.bank_id, frame), names
        )
    return {"thoughts_merged": merged}


async def merge_heads(tx: WriteTransaction, scene: Scene) -> Counts:
    """Make lists of thoughts about one entity that begin with its different names."""
    names, merged = await tx.entities.resolved_names(scene.bank_id), 0
    heads: dict[str, set[str]] = {}
    for name, last in names.items():
        heads.setdefault(last, {last}).add(name)
    for some in heads.values():
        merged += await _merge_lists(
            tx, scene, await tx.thoughts.of_heads(scene.bank_id, some), names
        )
    return {"thoughts_merged": merged}


async def part_heads(tx: WriteTransaction, scene: Scene) -> Counts:
    """Have the parts of lists again that are about several entities: a merge was taken back."""
    lists = await tx.thoughts.of_several_heads(scene.bank_id)
    if not lists:
        return {}
    names, parted = await tx.entities.resolved_names(scene.bank_id), 0
    for each in lists:
        parts = await tx.thoughts.parts(scene.bank_id, each.memory_id)
        if len({head_of(part, names) for part in parts}) > 1:
            ids = [each.memory_id, *(part.memory_id for part in parts)]
            await tx.organising.lock(scene.bank_id, ids)
            await unmerge_within(tx, scene, each)
            parted += 1
    return {"thoughts_parted": parted}


async def _merge_lists(
    tx: WriteTransaction, scene: Scene, thoughts: Sequence[Thought], names: Mapping[str, str]
) -> int:
    merged = 0
    for plan in list_plans(thoughts, names):
        ids = [each.memory_id for each in plan.parts]
        await tx.organising.lock(scene.bank_id, ids)
        await merge_within(tx, scene, plan)
        merged += len(ids)
    return merged
