"""Writing into a bank, in calls that end well inside any time limit."""

from collections.abc import Callable, Sequence

from memsvc_client import Bank, Episode, Message

from bench.texts import GeneratedTurn
from memsvc.cli.evaluation.corpora import Corpus, episode_batches, passage_batches

TURNS_PER_EPISODE = 20
"""About as many as a session of LoCoMo has."""


def write_corpus(bank: Bank, corpus: Corpus, on_written: Callable[[int], None]) -> int:
    """Write all of it and return how many memories that made.

    ``on_written`` hears how many each call has added.
    """
    total = 0
    for episodes in episode_batches(corpus):
        written = sum(len(each.memories) for each in bank.add_episodes(episodes).results)
        on_written(written)
        total += written
    for passages in passage_batches(corpus):
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
