"""Writing into a bank, in calls that end well inside any time limit."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from memsvc_client import Bank, Episode, Message, NewMemory

from bench.datasets import Corpus
from bench.texts import GeneratedTurn

CHARS_PER_CALL = 200_000
"""About 50,000 tokens: seconds of work for a small encoder on a small machine."""

TURNS_PER_EPISODE = 20
"""About as many as a session of LoCoMo has."""

_Piece = TypeVar("_Piece")


def write_corpus(bank: Bank, corpus: Corpus, on_written: Callable[[int], None]) -> int:
    """Write all of it and return how many memories that made.

    ``on_written`` hears how many each call has added.
    """
    total = 0
    for episodes in _portions(corpus.episodes, _episode_chars):
        written = sum(len(each.memories) for each in bank.add_episodes(episodes).results)
        on_written(written)
        total += written
    for passages in _portions(corpus.passages, _passage_chars):
        written = len(bank.add_memories(passages).results)
        on_written(written)
        total += written
    return total


def episodes_of(turns: Sequence[GeneratedTurn]) -> list[Episode]:
    """Return generated turns as the sessions of a conversation."""
    return [
        Episode(
            source=f"session-{start // TURNS_PER_EPISODE}",
            messages=[
                Message(text=turn.text, speaker=turn.speaker, external_id=str(start + offset))
                for offset, turn in enumerate(turns[start : start + TURNS_PER_EPISODE])
            ],
        )
        for start in range(0, len(turns), TURNS_PER_EPISODE)
    ]


def count_memories(corpus: Corpus) -> int:
    """Return how many memories a corpus makes."""
    return len(corpus.passages) + sum(len(each.messages or ()) for each in corpus.episodes)


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


def _passage_chars(passage: NewMemory) -> int:
    return len(passage.text)
