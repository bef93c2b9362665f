"""Cutting large writes into calls that the service takes, and joining their answers."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from memsvc_client import calls
from memsvc_client.call import Call, Reference
from memsvc_client.models import BatchResult, EpisodeBatchResult
from memsvc_client.requests import Episode, NewMemory

Piece = TypeVar("Piece")

# Half of what the service takes: a call then ends well inside the timeout on a small machine.
MEMORIES_PER_CALL = 500
EPISODES_PER_CALL = 50
MESSAGES_PER_CALL = 1000


def split_memories(
    bank: Reference, memories: Iterable[NewMemory], *, create: bool
) -> Iterator[Call[BatchResult]]:
    """Yield the calls that write ``memories``, in order; reads no further than it must."""
    for batch in _cut(memories, MEMORIES_PER_CALL, MEMORIES_PER_CALL, weigh=lambda _: 1):
        yield calls.add_memories(bank, batch, create=create)


def split_episodes(
    bank: Reference, episodes: Iterable[Episode], *, create: bool
) -> Iterator[Call[EpisodeBatchResult]]:
    """Yield the calls that write ``episodes``, in order; an episode is never divided."""
    for batch in _cut(episodes, EPISODES_PER_CALL, MESSAGES_PER_CALL, weigh=_message_count):
        yield calls.add_episodes(bank, batch, create=create)


def join_results(answers: Iterable[BatchResult]) -> BatchResult:
    """Return the answers as if one call had given them."""
    kept = list(answers)
    return BatchResult(
        results=tuple(result for answer in kept for result in answer.results),
        embedded=all(answer.embedded for answer in kept),
        jobs=tuple(job for answer in kept for job in answer.jobs),
    )


def join_episode_results(answers: Iterable[EpisodeBatchResult]) -> EpisodeBatchResult:
    """Return the answers as if one call had given them."""
    kept = list(answers)
    return EpisodeBatchResult(
        results=tuple(result for answer in kept for result in answer.results),
        embedded=all(answer.embedded for answer in kept),
        jobs=tuple(job for answer in kept for job in answer.jobs),
    )


def _message_count(episode: Episode) -> int:
    return len(episode.messages or ())


def _cut(
    pieces: Iterable[Piece], max_count: int, max_weight: int, *, weigh: Callable[[Piece], int]
) -> Iterator[list[Piece]]:
    batch: list[Piece] = []
    weight = 0
    for piece in pieces:
        added = weigh(piece)
        if batch and (len(batch) == max_count or weight + added > max_weight):
            yield batch
            batch, weight = [], 0
        batch.append(piece)
        weight += added
    if batch:
        yield batch
