"""Thoughts that say what another one says: found by groups of vectors, told by the duplicate rules.

Groups only bound which pairs are looked at (Think-in-Memory, arXiv 2311.08719, eq. 1); several are
probed, and a thought without a direction is in none.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.languages import recognise_language
from memsvc.domain.memory import ResolvedBank
from memsvc.domain.thoughts.duplicates import Verdict, judge
from memsvc.domain.thoughts.hashing import NO_GROUP, SignProjection
from memsvc.domain.thoughts.records import Thought
from memsvc.domain.thoughts.statements import Statement
from memsvc.ports import Vector
from memsvc.services.thinking import Scene
from memsvc.store.transactions import ReadTransaction, WriteTransaction

_PROBES = 4
_MOST_COMPARED = 40
"""Thoughts that one is compared with, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedPage:
    """Thoughts that had no group of the present encoder and parameters, and theirs."""

    thoughts: Sequence[Thought]
    vectors: Mapping[MemoryId, Vector]
    projection: SignProjection
    key: str
    """Of parameters and encoder: groups of other keys are not compared."""

    async def keep_groups(self, tx: WriteTransaction, scene: Scene) -> Mapping[str, int]:
        """Note the groups; a thought whose vector is of another encoder still has none."""
        groups: dict[int, list[MemoryId]] = {}
        for thought in self.thoughts:
            vector = self.vectors.get(thought.memory_id)
            group = NO_GROUP if vector is None else self.projection.group(vector)
            groups.setdefault(group, []).append(thought.memory_id)
        for group, ids in groups.items():
            await tx.thoughts.set(scene.bank_id, ids, hash_key=self.key, hash_group=group)
        return {}


async def read_page(tx: ReadTransaction, bank: ResolvedBank, limit: int) -> HashedPage:
    """Return the next thoughts that have vectors and no group."""
    bank_id = bank.scope.bank_id
    projection = SignProjection(dimension=(await tx.banks.get(bank_id)).dimension)
    key = f"{projection.key}:{bank.model_id}"
    thoughts = await tx.thoughts.unhashed(bank_id, key, limit)
    vectors = await tx.organising.vectors(
        bank_id, bank.model_id, [each.memory_id for each in thoughts]
    )
    return HashedPage(thoughts=thoughts, vectors=vectors, projection=projection, key=key)


async def repeated(
    tx: ReadTransaction, bank: ResolvedBank, page: HashedPage
) -> list[tuple[MemoryId, MemoryId]]:
    """Return pairs (gone, kept) of thoughts that say the same.

    Only conclusions without a triple are compared: those with one are compared by it. What has a
    triple stays, else the later one.
    """
    pairs = []
    for thought in page.thoughts:
        vector = page.vectors.get(thought.memory_id)
        if vector is None or thought.claim is not None or thought.is_list or thought.pinned:
            continue
        groups = page.projection.probes(vector, _PROBES)
        others = await tx.thoughts.of_groups(
            bank.scope.bank_id, page.key, groups, thought, _MOST_COMPARED
        )
        vectors = await tx.organising.vectors(
            bank.scope.bank_id, bank.model_id, [each.memory_id for each in others]
        )
        for other in others:
            if other.memory_id not in vectors or other.is_list:
                continue
            cosine = float(vector @ vectors[other.memory_id])
            if _is_repeated(thought, other, cosine):
                pairs.append(_gone_and_kept(thought, other))
            await asyncio.sleep(0)  # requests go first
    return sorted(set(pairs))


def _is_repeated(one: Thought, other: Thought, cosine: float) -> bool:
    found = judge(_statement(one), _statement(other), cosine)
    return found.verdict is Verdict.DUPLICATE


def _statement(thought: Thought) -> Statement:
    return Statement(
        text=thought.text,
        language=recognise_language(thought.text),
        said_at=thought.occurred_at,
    )


def _gone_and_kept(one: Thought, other: Thought) -> tuple[MemoryId, MemoryId]:
    if other.claim is not None:
        return one.memory_id, other.memory_id
    gone, kept = sorted(
        (one, other), key=lambda each: (each.pinned, each.occurred_at, each.memory_id)
    )
    return gone.memory_id, kept.memory_id
