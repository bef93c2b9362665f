from memsvc_client import Client, Episode, Message, NewMemory

from bench.loading import episodes_of, write_corpus
from bench.texts import TextSource
from memsvc.cli.evaluation.corpora import CHARS_PER_CALL, Corpus, count_memories
from tests.unit.bench.tiny_service import TinyService


def write(corpus: Corpus) -> tuple[list[int], int]:
    """Return how many memories each call added, and how many there are."""
    service = TinyService()
    calls: list[int] = []
    with Client(transport=service.transport) as client:
        client.create_bank("b")
        written = write_corpus(client.bank("b"), corpus, calls.append)
    assert written == sum(calls) == len(service.memories["b"]) == count_memories(corpus)
    return calls, written


def test_long_texts_are_written_in_several_calls() -> None:
    text = "x" * (CHARS_PER_CALL // 2)
    passages = [NewMemory(text=text, external_id=str(number)) for number in range(5)]
    assert write(Corpus(passages=passages)) == ([2, 2, 1], 5)


def test_short_episodes_are_written_in_one_call() -> None:
    episodes = [
        Episode(source=str(number), messages=[Message(text="Hello.", external_id=str(number))])
        for number in range(10)
    ]
    assert write(Corpus(episodes=episodes)) == ([10], 10)


def test_generated_turns_become_sessions() -> None:
    turns = TextSource(["a", "b", "c"], 0).turns(45)
    episodes = episodes_of(turns)
    assert [len(each.messages or ()) for each in episodes] == [20, 20, 5]
    assert [m.text for each in episodes for m in each.messages or ()] == [t.text for t in turns]
    assert write(Corpus(episodes=episodes))[1] == 45
