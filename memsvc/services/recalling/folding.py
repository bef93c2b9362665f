"""Hits of one event or episode folded into the best of them, at the grain that is asked for."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.fusion import Arm
from memsvc.domain.grains import (
    AskedGrain,
    Grain,
    Unit,
    fold,
    grain_weights,
    heaviest,
    mean_directions,
)
from memsvc.domain.identifiers import EpisodeId
from memsvc.domain.threads import Member, Thread, threads
from memsvc.ports import Vector
from memsvc.services.recalling.found import Found, Question
from memsvc.services.recalling.stage_reports import GrainReport
from memsvc.store.transactions import Store

CANDIDATES = 200
"""So many are folded: hits are as many as units are among them."""
_MOST_MEMBERS = 5_000
"""Memories of episodes that are read for a question; hits of others stand for themselves."""
_NO_VECTOR = "The question has no vector: the dense arm was not asked, or has no answer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Candidates without those that others stand for."""

    found: Found
    report: GrainReport


@dataclass(frozen=True, slots=True)
class _Level:
    """The units of a grain, and what the question makes of them."""

    units: Sequence[Unit]
    similarities: NDArray[np.float64]


class Fold:
    """Has the best hit of each unit stand for all of it; its place in the ranking stays."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, question: Question, found: Found) -> Folded:
        """Return the candidates at the question's grain, and which that is.

        Made of what the filter lets through and of nothing else. Memories without an episode stand
        for themselves, without a vector at every grain but ``EPISODE``.
        """
        asked = question.query.grain
        dense = found.arms.get(Arm.DENSE)
        posed = None if dense is None else dense.posed
        if asked is AskedGrain.AUTO and posed is None:
            report = GrainReport(grain=Grain.MEMORY, reason=_NO_VECTOR)
            return Folded(found=found, report=report)
        members = await self._members(question, found)
        vector = None if posed is None else posed.vector
        return await asyncio.to_thread(_folded, asked, found, members, vector)

    async def _members(self, question: Question, found: Found) -> list[Member]:
        """Return what the candidates' episodes hold, as far as they may be read best first."""
        visible = [found.visible[each.memory_id] for each in found.shown()]
        ids = list(dict.fromkeys(each.episode_id for each in visible if each.episode_id))
        if not ids:
            return []
        scope, wanted = question.bank.scope, question.query.filter
        async with self._store.read(scope.tenant_id) as tx:
            sizes = await tx.episodes.sizes(scope.bank_id, ids)
            read = _within(ids, sizes, _MOST_MEMBERS)
            return await tx.episodes.members(
                scope.bank_id, read, wanted, question.now, question.bank.model_id
            )


def _within(ids: Sequence[EpisodeId], sizes: Mapping[EpisodeId, int], most: int) -> list[EpisodeId]:
    """Return those of the episodes, in order, that have ``most`` memories together."""
    kept: list[EpisodeId] = []
    for each in ids:
        size = sizes.get(each, 0)
        if size <= most:
            kept.append(each)
            most -= size
    return kept


def _folded(
    asked: AskedGrain, found: Found, members: Sequence[Member], vector: Vector | None
) -> Folded:
    own = threads(members)
    if asked is AskedGrain.AUTO and vector is not None:
        levels = _levels(own, vector)
        weights = grain_weights({grain: each.similarities for grain, each in levels.items()})
        report = GrainReport(grain=heaviest(weights), weights=weights)
        units = levels[report.grain].units
    else:
        report = GrainReport(grain=Grain(asked))
        units = _episodes(own) if report.grain is Grain.EPISODE else _events(own)
    standing = fold([each.memory_id for each in found.shown()], units)
    folded = {each for unit in standing.values() for each in unit.found[1:]}
    return Folded(found=replace(found, units=standing, folded=frozenset(folded)), report=report)


def _levels(own: Sequence[Thread], vector: Vector) -> dict[Grain, _Level]:
    events, episodes = _events(own), _episodes(own)
    members = [each for thread in own for each in thread.members if each.vector is not None]
    row_of = {each.memory_id: row for row, each in enumerate(members)}
    rows = np.array([each.vector for each in members], np.float32).reshape(-1, len(vector))

    def similar(units: Sequence[Unit]) -> NDArray[np.float64]:
        groups = [[row_of[e] for e in unit.memory_ids if e in row_of] for unit in units]
        return np.asarray(mean_directions(rows, [each for each in groups if each]) @ vector)

    return {
        Grain.MEMORY: _Level((), np.asarray(rows @ vector, np.float64)),
        Grain.EVENT: _Level(events, similar(events)),
        Grain.EPISODE: _Level(episodes, similar(episodes)),
    }


def _episodes(own: Sequence[Thread]) -> list[Unit]:
    return [_unit(thread.members) for thread in own]


def _events(own: Sequence[Thread]) -> list[Unit]:
    """Return the events of the threads, without what has no vector to say where it belongs."""
    events = [
        [each for each in thread.members[event.first : event.last + 1] if each.vector is not None]
        for thread in own
        for event in thread.events()
    ]
    return [_unit(each) for each in events if each]


def _unit(members: Sequence[Member]) -> Unit:
    return Unit(
        memory_ids=[each.memory_id for each in members],
        first=members[0].seq,
        last=members[-1].seq,
    )
