"""Threads: what an episode holds of one user and one session, in the order of its places.

Several owners and sessions may share a source, and their places follow on each other there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from memsvc.domain.events import Event, segment
from memsvc.domain.identifiers import EpisodeId, MemoryId
from memsvc.domain.vectors import FloatMatrix


@dataclass(frozen=True, slots=True, order=True)
class ThreadKey:
    """Whose thread it is, and of which episode; nobody's and no session's are empty."""

    episode_id: EpisodeId
    user_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """A memory in its thread."""

    memory_id: MemoryId
    thread: ThreadKey
    seq: int
    """Its place in the episode."""
    vector: FloatMatrix | None = None
    """Of length 1, shape (dimension,); ``None`` where it has none or none was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Thread:
    """The memories of a thread, at least one."""

    key: ThreadKey
    members: Sequence[Member]

    @property
    def vectors(self) -> FloatMatrix:
        """Their vectors, shape (members, dimension); zeros for those that have none."""
        dimension = next((len(e.vector) for e in self.members if e.vector is not None), 0)
        none = np.zeros(dimension, np.float32)
        rows = [none if each.vector is None else each.vector for each in self.members]
        return np.array(rows, np.float32).reshape(len(rows), dimension)

    def events(self) -> list[Event]:
        """Return the events of the thread; turns are its members."""
        return segment(self.vectors)


def threads(members: Iterable[Member]) -> list[Thread]:
    """Return the threads of the members, by episode and first place."""
    ordered = sorted(members, key=lambda each: (each.thread, each.seq, each.memory_id))
    found = [
        Thread(key=key, members=list(grouped))
        for key, grouped in groupby(ordered, key=lambda each: each.thread)
    ]
    return sorted(found, key=lambda each: (each.key.episode_id, each.members[0].seq, each.key))
