"""Which entities that were met now are entities known already."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from memsvc.domain.graph.entities import EntityId, StoredEntity, root_of
from memsvc.domain.graph.resolution import Match, Name, block_of, match, staying


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMerge:
    """Two entities that are one."""

    kept: StoredEntity
    gone: StoredEntity
    match: Match


@dataclass(slots=True, kw_only=True)
class Resolved:
    """What follows from names that were met."""

    merges: list[EntityMerge] = field(default_factory=list)
    """In order: what goes in one may not be what stays in a later one."""
    questions: list[tuple[StoredEntity, StoredEntity, Match]] = field(default_factory=list)
    """Pairs that a person is to decide about, surest first."""


def resolve(
    new: Sequence[StoredEntity],
    candidates: Sequence[StoredEntity],
    settled: Collection[frozenset[EntityId]] = frozenset(),
) -> Resolved:
    """Hold new or changed entities against those of their blocks, themselves among them.

    ``settled`` are pairs that somebody has decided about. Names of several sorts of thing are left
    alone: nobody knows which of them a memory means. Of entities that are joined by certain
    matches one stays, the same one in whatever order they came.
    """
    by_id = {each.id: each for each in (*candidates, *new)}
    times = Counter(each.form for each in by_id.values())
    blocks: dict[str, list[StoredEntity]] = {}
    for each in sorted(by_id.values(), key=lambda each: each.form):
        blocks.setdefault(block_of(each.form), []).append(each)
    found = Resolved()
    for one in sorted(new, key=lambda each: each.form):
        for other in blocks[block_of(one.form)]:
            if times[one.form] > 1 or times[other.form] > 1:
                continue
            reason = match(_name(one), _name(other))
            if reason is None or frozenset((one.id, other.id)) in settled:
                continue
            roots = [root_of(by_id[each.id], by_id) for each in (one, other)]
            if roots[0].id == roots[1].id or frozenset(each.id for each in roots) in settled:
                continue
            sorts = {each.sort for each in roots if each.sort}
            if len(sorts) > 1:
                continue
            if not reason.is_certain:
                found.questions.append((roots[0], roots[1], reason))
                continue
            kept_form, _ = staying(roots[0].form, roots[1].form)
            kept, gone = sorted(roots, key=lambda each: each.form != kept_form)
            found.merges.append(EntityMerge(kept=kept, gone=gone, match=reason))
            by_id[gone.id] = replace(gone, merged_into=kept.id)
    found.questions = _distinct(found, by_id)
    return found


def _distinct(
    found: Resolved, by_id: dict[EntityId, StoredEntity]
) -> list[tuple[StoredEntity, StoredEntity, Match]]:
    """Return each question once, between what is still two after the merges."""
    asked: dict[frozenset[EntityId], tuple[StoredEntity, StoredEntity, Match]] = {}
    for one, other, reason in found.questions:
        first, second = (root_of(by_id[each.id], by_id) for each in (one, other))
        pair = frozenset((first.id, second.id))
        if len(pair) > 1 and (pair not in asked or asked[pair][2].score < reason.score):
            asked[pair] = first, second, reason
    return sorted(asked.values(), key=lambda each: (-each[2].score, each[0].form, each[1].form))


def _name(entity: StoredEntity) -> Name:
    return Name(form=entity.form, sort=entity.sort)
