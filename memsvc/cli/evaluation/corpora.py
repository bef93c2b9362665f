"""What goes into a bank to be asked about, in requests that end well inside any time limit."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from memsvc_client import Episode, NewMemory

CHARS_PER_CALL = 50_000
"""About 12,000 tokens: seconds of work for a small encoder, even on a machine that is busy."""

_Piece = TypeVar("_Piece")


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """What goes into one bank."""

    episodes: Sequence[Episode] = ()
    passages: Sequence[NewMemory] = ()
    ends_at: datetime | None = None


def count_memories(corpus: Corpus) -> int:
    """Return how many memories a corpus makes."""
    return len(corpus.passages) + sum(len(each.messages or ()) for each in corpus.episodes)


def episode_batches(corpus: Corpus) -> Iterator[list[Episode]]:
    """Yield the episodes of each request, in their order."""
    return _portions(corpus.episodes, _episode_chars)


def passage_batches(corpus: Corpus) -> Iterator[list[NewMemory]]:
    """Yield the passages of each request, in their order."""
    return _portions(corpus.passages, lambda passage: len(passage.text))


def _portions(pieces: Iterable[_Piece], weigh: Callable[[_Piece], int]) -> Iterator[list[_Piece]]:
    portion: list[_Piece] = []
    weight = 0
    for piece in pieces:
        added = weigh(piece)
        if portion and weight + added > CHARS_PER_CALL:
            yield portion
            portion, weight = [], 0
        portion.append(piece)
        weight += added
    if portion:
        yield portion


def _episode_chars(episode: Episode) -> int:
    return sum(len(message.text) for message in episode.messages or ())
