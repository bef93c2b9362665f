from collections.abc import Iterator
from itertools import islice
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from memsvc_client import Document, Episode, Message, NewMemory
from memsvc_client.batches import split_episodes, split_memories
from memsvc_client.call import Call

MESSAGES = [Message(text="Hello.")] * 700


def sizes(requests: Iterator[Call[Any]], member: str) -> list[int]:
    return [len(items(request, member)) for request in requests]


def items(request: Call[Any], member: str) -> list[Any]:
    found = (request.json or {})[member]
    assert isinstance(found, list)
    return found


def conversation(message_count: int) -> Episode:
    return Episode(messages=[Message(text="Hello.")] * message_count)


def test_memories_are_cut_at_the_limit() -> None:
    memories = [NewMemory(text="Tea.")] * 1001
    assert sizes(split_memories("a", memories, create=False), "memories") == [500, 500, 1]


def test_episodes_are_cut_at_their_number() -> None:
    documents = [Episode(document=Document(text="Text."))] * 120
    assert sizes(split_episodes("a", documents, create=False), "episodes") == [50, 50, 20]


def test_an_episode_above_the_limit_goes_alone() -> None:
    episodes = [conversation(count) for count in (1, 1500, 1)]
    assert sizes(split_episodes("a", episodes, create=False), "episodes") == [1, 1, 1]


def test_no_more_is_read_than_the_call_at_hand_needs() -> None:
    read = 0

    def memories() -> Iterator[NewMemory]:
        nonlocal read
        while True:
            read += 1
            yield NewMemory(text="Tea.")

    next(split_memories("a", memories(), create=False))
    assert read == 501


@given(st.lists(st.integers(1, 700), max_size=8))
def test_cutting_keeps_every_episode_in_order_and_within_limits(counts: list[int]) -> None:
    episodes = [Episode(messages=MESSAGES[:count], title=str(n)) for n, count in enumerate(counts)]
    batches = [
        items(request, "episodes") for request in split_episodes("a", episodes, create=False)
    ]
    flat = [episode["title"] for batch in batches for episode in batch]
    assert flat == [episode.title for episode in episodes]
    for batch in batches:
        assert sum(len(episode["messages"]) for episode in batch) <= 1000
    # None could have taken the first episode of the next one.
    for batch, following in zip(batches, islice(batches, 1, None), strict=False):
        total = sum(len(episode["messages"]) for episode in batch)
        assert total + len(following[0]["messages"]) > 1000
