"""Keeping what rules have found in a memory: new thoughts, and known ones that rest on it too."""

from collections.abc import Sequence

from memsvc.domain.links import LinkType
from memsvc.domain.memory import Memory
from memsvc.domain.thoughts.records import NewThought, Thought, is_said_already
from memsvc.domain.thoughts.thinking import RULES, FoundThought
from memsvc.services.thinking import Scene, confirm_within, detach_within, insert_within
from memsvc.store.transactions import WriteTransaction

_MOST_LINKS = 1_000


async def keep_found(
    tx: WriteTransaction, scene: Scene, memory: Memory, found: FoundThought
) -> bool:
    """Keep what the rules have found in a locked memory; False where it was known already."""
    claim = found.claim
    new = NewThought(
        text=found.text,
        keys=memory.keys,
        occurred_at=memory.occurred_at,
        made_by=RULES,
        claim=claim,
        frame=found.frame,
        expires_at=memory.expires_at,
    )
    known = [] if claim is None else await tx.thoughts.of_slots(scene.bank_id, [claim.slot])
    if await _is_kept(tx, scene, memory, new, known):
        return False
    same = is_said_already(new, known)
    if same is not None:
        await confirm_within(tx, scene, same, memory.id)
        return False
    await _tell_apart(tx, scene, new, known)
    await insert_within(tx, scene, new, [memory.id])
    return True


async def _is_kept(
    tx: WriteTransaction, scene: Scene, memory: Memory, new: NewThought, known: Sequence[Thought]
) -> bool:
    """Tell whether a memory that is read once more has this thought already."""
    same = {each.memory_id for each in known if new.claim is not None and each.claim == new.claim}
    if not same:
        return False
    found = await tx.links.touching(
        scene.bank_id, same, types=(LinkType.DERIVED_FROM,), limit=_MOST_LINKS
    )
    return any(each.link.from_id in same and each.link.to_id == memory.id for each in found)


async def _tell_apart(
    tx: WriteTransaction, scene: Scene, new: NewThought, known: Sequence[Thought]
) -> None:
    """Have later sources of a slot read again, each for a thought of its own.

    When each said it matters from now on, because something else is said in the slot.
    """
    by_id = {each.memory_id: each for each in known}
    if not by_id or new.claim is None or not new.claim.is_functional:
        return
    found = await tx.links.touching(
        scene.bank_id, by_id, types=(LinkType.DERIVED_FROM,), limit=_MOST_LINKS
    )
    links = [each.link for each in found if each.link.from_id in by_id]
    memories = await tx.memories.fetch(scene.bank_id, sorted({each.to_id for each in links}))
    for link in links:
        thought, source = by_id[link.from_id], memories.get(link.to_id)
        is_later = source is not None and source.occurred_at > thought.occurred_at
        if is_later and not thought.needs_all:
            await detach_within(tx, scene, [thought], link.to_id)
            await tx.thoughts.read_again(scene.bank_id, [link.to_id])


async def detach_unsaid(
    tx: WriteTransaction, scene: Scene, memory: Memory, found: Sequence[FoundThought]
) -> None:
    """Take off the memory's former text what its present one does not say."""
    touching = await tx.links.touching(
        scene.bank_id, [memory.id], types=(LinkType.DERIVED_FROM,), limit=_MOST_LINKS
    )
    ids = [each.link.from_id for each in touching if each.link.to_id == memory.id]
    thoughts = await tx.thoughts.fetch(scene.bank_id, ids)
    said = {(each.claim.slot, each.claim.object, each.claim.denies) for each in found if each.claim}
    gone = [
        each
        for each in thoughts.values()
        if not each.is_list
        and (
            each.claim is None
            or (each.claim.slot, each.claim.object, each.claim.denies) not in said
        )
    ]
    await detach_within(tx, scene, gone, memory.id)
