"""A recorded answer beside the answer of today: what is the same, and why the rest is not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Json, MemoryState
from memsvc.domain.recorded_recalls import RecordedHit

_SIFTED = "sifted"
"""Of near misses that a language model left out."""
_SAME_SCORE = 1e-6
"""Scores that differ by less are the same: kernels add in different orders."""


class Change(StrEnum):
    """What became of a memory of either answer."""

    SAME = "same"
    MOVED = "moved"
    """A hit of both, at another rank, with another score or another version."""
    LOST = "lost"
    GAINED = "gained"


class Why(StrEnum):
    """Why it is not the same."""

    NEW = "new"
    """It was stored after the recorded answer."""
    EDITED = "edited"
    """Its content has a newer version."""
    RESTORED = "restored"
    """It was not active then."""
    HIDDEN = "hidden"
    """It is in a state that is not asked for, such as archived, superseded or merged."""
    GONE = "gone"
    """There is no such memory any more."""
    FILTERED = "filtered"
    """The filter does not let it through any more: its metadata or keys have changed, or it has
    expired."""
    BUDGET = "budget"
    """It does not fit the token budget beside the others."""
    SIFTED = "sifted"
    """A language model left it out, as it does not bear on the question."""
    UNSIFTED = "unsifted"
    """A language model had left it out then, and does not now."""
    OUTRANKED = "outranked"
    """Others come before it now."""
    CAME_UP = "came_up"
    """Others have left, or count less now."""
    SCORE = "score"
    """Its score is another one; ``parts`` say of what."""
    ANNOTATED = "annotated"
    """Its metadata or pin were changed: the filter may not have let it through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a memory stood among the hits, from 1."""

    rank: int
    score: float
    version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChange:
    """A part of a score that is another one: what an arm contributed, a hop, a factor."""

    name: str
    then: float | None
    """``None``: it had no part in it."""
    now: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMemory:
    """A memory of either answer."""

    memory_id: MemoryId
    change: Change
    reasons: Sequence[Why]
    """None for one that is the same."""
    then: Place | None
    now: Place | None
    state: MemoryState | None
    """As it is now; ``None``: there is none any more."""
    parts: Sequence[PartChange] = ()
    """Of a hit of both, where its score is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstance:
    """Something else that was not the same: an arm, the mode, the model, a setting."""

    name: str
    then: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryNow:
    """What is known of a memory today."""

    state: MemoryState
    version: int
    recorded_at: datetime
    edited_at: datetime
    """When its version was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What has happened since the recorded answer."""

    recorded_at: datetime
    """When that was given."""
    memories: Mapping[MemoryId, MemoryNow]
    """Of both answers; those that are gone are left out."""
    visible: Collection[MemoryId]
    """Those that the filter lets through today."""
    restored: Collection[MemoryId]
    """Those that have become active."""
    states: Collection[MemoryState]
    """That were asked for."""
    annotated: Collection[UUID]
    """Those whose metadata or pin were changed."""
    has_room: bool
    """Whether only the budget keeps the answer of today from having more hits."""


def compare(
    then: Sequence[RecordedHit], now: Sequence[RecordedHit], since: Since
) -> list[ComparedMemory]:
    """Return every memory of both answers, today's by rank and then those that were lost."""
    before, after = _places(then), _places(now)
    parts_then, parts_now = ({hit.memory_id: hit.parts for hit in hits} for hits in (then, now))
    dropped = {hit.memory_id: hit.dropped_for for hit in now if hit.dropped_for is not None}
    sifted = {hit.memory_id for hit in then if hit.dropped_for == _SIFTED}
    compared = [
        _kept(
            memory_id,
            before[memory_id],
            place,
            since,
            _changed_parts(parts_then[memory_id], parts_now[memory_id]),
        )
        if memory_id in before
        else _gained(memory_id, place, since, was_sifted=memory_id in sifted)
        for memory_id, place in after.items()
    ]
    return compared + [
        _lost(memory_id, place, since, dropped.get(memory_id))
        for memory_id, place in before.items()
        if memory_id not in after
    ]


def _places(hits: Sequence[RecordedHit]) -> dict[MemoryId, Place]:
    shown = [hit for hit in hits if hit.dropped_for is None]
    return {
        hit.memory_id: Place(rank=rank, score=hit.score, version=hit.version)
        for rank, hit in enumerate(shown, start=1)
    }


def _kept(
    memory_id: MemoryId, then: Place, now: Place, since: Since, parts: Sequence[PartChange]
) -> ComparedMemory:
    reasons: list[Why] = []
    if now.version != then.version:
        reasons.append(Why.EDITED)
    if abs(now.score - then.score) > _SAME_SCORE:
        reasons.append(Why.SCORE)
    elif now.rank != then.rank:
        reasons.append(Why.OUTRANKED if now.rank > then.rank else Why.CAME_UP)
    return ComparedMemory(
        memory_id=memory_id,
        change=Change.MOVED if reasons else Change.SAME,
        reasons=reasons,
        then=then,
        now=now,
        state=_state(memory_id, since),
        parts=parts if Why.SCORE in reasons else (),
    )


def _changed_parts(then: Mapping[str, Json], now: Mapping[str, Json]) -> list[PartChange]:
    before, after = _flat_parts(then), _flat_parts(now)
    return [
        PartChange(name=name, then=before.get(name), now=after.get(name))
        for name in dict.fromkeys([*before, *after])
        if abs(before.get(name, 0.0) - after.get(name, 0.0)) > _SAME_SCORE
    ]


def _flat_parts(parts: Mapping[str, Json]) -> dict[str, float]:
    """Return what arms and questions contributed, and what all else did, by name."""
    flat: dict[str, float] = {}
    for name, part in parts.items():
        if isinstance(part, Mapping) and "contribution" in part:
            flat[name] = float(str(part["contribution"]))
        elif isinstance(part, Mapping):
            flat |= {f"{name}.{each}": float(str(value)) for each, value in part.items()}
        elif isinstance(part, Sequence) and not isinstance(part, str):
            for asked in part:
                _add_contribution(flat, name, asked)
        else:
            flat[name] = float(str(part))
    return flat


def _add_contribution(flat: dict[str, float], name: str, asked: Json) -> None:
    """Add what one of several questions contributed, to those of its sort."""
    if isinstance(asked, Mapping):
        sort = f"{name}.{asked['as']}"
        flat[sort] = flat.get(sort, 0.0) + float(str(asked["contribution"]))


def _gained(memory_id: MemoryId, now: Place, since: Since, *, was_sifted: bool) -> ComparedMemory:
    reasons: list[Why] = [Why.UNSIFTED] if was_sifted else []
    known = since.memories.get(memory_id)
    if known is not None and known.recorded_at > since.recorded_at:
        reasons.append(Why.NEW)
    elif known is not None and known.edited_at > since.recorded_at:
        reasons.append(Why.EDITED)
    if memory_id in since.restored and Why.NEW not in reasons:
        reasons.append(Why.RESTORED)
    if memory_id in since.annotated and not reasons:
        reasons.append(Why.ANNOTATED)
    return ComparedMemory(
        memory_id=memory_id,
        change=Change.GAINED,
        reasons=reasons or [Why.CAME_UP],
        then=None,
        now=now,
        state=_state(memory_id, since),
    )


def _lost(
    memory_id: MemoryId, then: Place, since: Since, dropped_for: str | None
) -> ComparedMemory:
    reasons: list[Why] = []
    known = since.memories.get(memory_id)
    if known is None:
        reasons.append(Why.GONE)
    else:
        if known.version != then.version:
            reasons.append(Why.EDITED)
        if known.state not in since.states:
            reasons.append(Why.HIDDEN)
        elif memory_id not in since.visible:
            reasons.append(Why.FILTERED)
    if not reasons and dropped_for == _SIFTED:
        reasons.append(Why.SIFTED)
    if not reasons:
        is_over = dropped_for == "budget" or (dropped_for is None and since.has_room)
        reasons.append(Why.BUDGET if is_over else Why.OUTRANKED)
    return ComparedMemory(
        memory_id=memory_id,
        change=Change.LOST,
        reasons=reasons,
        then=then,
        now=None,
        state=_state(memory_id, since),
    )


def _state(memory_id: MemoryId, since: Since) -> MemoryState | None:
    known = since.memories.get(memory_id)
    return None if known is None else known.state
