"""Ranking by an inverted index."""

import math
from collections import Counter
from uuid import UUID

import pytest

from memsvc.domain.bm25 import Bm25
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import memory_keys
from memsvc.domain.inverted_index import InvertedIndex, LexicalQuery
from memsvc.domain.lexical import LexicalForm, analyze_text

_TEXTS = [
    "the red fox jumps over the red fence",
    "a brown dog sleeps",
    "the dog chases the fox and the fox runs",
    "rain in the morning",
    "red rain",
]


def _id(number: int) -> MemoryId:
    return MemoryId(UUID(int=number))


def _index(*texts: str, language: str = "und") -> InvertedIndex:
    index = InvertedIndex()
    index.apply({_id(i): analyze_text(text, language) for i, text in enumerate(texts)})
    return index


def _found(index: InvertedIndex, text: str, k: int = 10, **options: object) -> list[int]:
    query = LexicalQuery(text=text, k=k, **options)  # type: ignore[arg-type]
    return [match.memory_id.int for match in index.search(query)]


def _bm25(texts: list[str], query: list[str]) -> dict[int, float]:
    """Compute the formula over whole words, term by term."""
    counted = [Counter(text.split()) for text in texts]
    average = sum(counts.total() for counts in counted) / len(counted)
    scores: dict[int, float] = {}
    for term in query:
        holding = sum(term in counts for counts in counted)
        weight = math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
        for i, counts in enumerate(counted):
            if times := counts[term]:
                bound = 1.2 * (0.25 + 0.75 * counts.total() / average)
                scores[i] = scores.get(i, 0.0) + weight * times * 2.2 / (times + bound)
    return scores


@pytest.mark.parametrize("query", ["red", "red fox", "the dog rain", "fox fox fox", "nothing"])
def test_scores_are_those_of_the_formula(query: str) -> None:
    found = _index(*_TEXTS).search(LexicalQuery(text=query, k=10))
    expected = _bm25(_TEXTS, list(dict.fromkeys(query.split())))
    assert {match.memory_id.int: match.score for match in found} == pytest.approx(expected)
    assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)


def test_parameters_change_the_ranking() -> None:
    index = InvertedIndex(Bm25(b=0.0))
    long, short = "fox fox " + "padding " * 50, "fox"
    index.apply({_id(i): analyze_text(text, "und") for i, text in enumerate([long, short])})
    assert _found(index, "fox") == [0, 1]
    assert _found(_index(long, short), "fox") == [1, 0]


def test_forms_of_a_word_count_as_one_term() -> None:
    index = _index("she runs and runs", "running late", "a run", "walking", language="en")
    assert sorted(_found(index, "run")) == [0, 1, 2]
    scores = {m.memory_id.int: m.score for m in index.search(LexicalQuery(text="running", k=9))}
    weight = math.log(1 + 1.5 / 3.5)
    assert scores[0] == pytest.approx(weight * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 4 / 2.25)))


def test_word_asked_for_in_two_forms_counts_once() -> None:
    index = _index("she runs", "a fox", language="en")
    assert index.search(LexicalQuery(text="run", k=1)) == index.search(
        LexicalQuery(text="run runs running", k=1)
    )


def test_language_of_the_bank_decides_about_short_texts() -> None:
    texts = ["I have been feeding all of the dogs since yesterday evening", "nice pets", "a pet"]
    index = InvertedIndex()
    index.apply({_id(i): analyze_text(text) for i, text in enumerate(texts)})
    assert sorted(_found(index, "pet")) == [1, 2]


def test_language_may_be_given_with_the_question() -> None:
    index = _index("nice pets", "a pet")
    assert _found(index, "pet", language="zh") == [1]
    assert sorted(_found(index, "pet", language="en")) == [0, 1]


def test_function_words_weigh_less_than_others() -> None:
    texts = ["did when where", "Anna moved house in the end", "x y z", "x y", "z z z x"]
    index = _index(*texts, language="en")
    assert _found(index, "when did Anna move")[0] == 1


def test_question_of_function_words_alone_is_answered() -> None:
    assert _found(_index("to be or not to be", "a fox", language="en"), "to be or not") == [0]


def test_equal_scores_are_ordered_by_id_also_at_the_cut() -> None:
    index = InvertedIndex()
    for number in (7, 3, 9, 1, 5):  # Each in a segment of its own, out of order.
        index.apply({_id(number): analyze_text("the same text", "und")})
    assert _found(index, "same", k=3) == [1, 3, 5]
    assert _found(index, "same") == [1, 3, 5, 7, 9]


def test_equal_scores_of_many_texts_are_cut_by_id() -> None:
    index = _index(*["same " + "x " * (number % 3) for number in range(900)])
    assert _found(index, "same", k=20) == list(range(0, 60, 3))


def test_word_that_only_removed_texts_held_is_looked_for_inside_others() -> None:
    index = _index("schnee", "schneeball", "regen", "wind")
    assert _found(index, "schnee") == [0]
    index.apply({}, [_id(0)])
    assert len(index._segments[0]) == 4  # Still there, but not alive.
    assert _found(index, "schnee") == [1]


def test_only_allowed_memories_are_ranked_with_weights_of_the_whole_bank() -> None:
    index = _index(*_TEXTS)
    everything = {m.memory_id: m for m in index.search(LexicalQuery(text="red fox", k=10))}
    allowed = [_id(2), _id(4), _id(99)]
    found = index.search(LexicalQuery(text="red fox", k=10, allowed=allowed))
    assert found == [everything[_id(2)], everything[_id(4)]] or found == [
        everything[_id(4)],
        everything[_id(2)],
    ]
    assert _found(index, "red fox", allowed=[]) == []
    assert _found(index, "red", allowed=[_id(0)] * 3, k=1) == [0]


def test_more_allowed_than_held_is_no_error() -> None:
    index = _index(*_TEXTS)
    assert sorted(_found(index, "fox", allowed=[_id(i) for i in range(1000)])) == [0, 2]


def test_empty_index_and_empty_question_find_nothing() -> None:
    assert _found(InvertedIndex(), "fox") == []
    assert _found(_index(*_TEXTS), "") == []
    assert _found(_index(*_TEXTS), "fox", k=0) == []
    assert _found(_index("❤️", "👍"), "fox") == []


def test_texts_without_words_count_as_documents() -> None:
    [with_blank] = _index("fox", "").search(LexicalQuery(text="fox", k=1))
    [alone] = _index("fox").search(LexicalQuery(text="fox", k=1))
    assert with_blank.score > alone.score


def test_upsert_replaces_and_removal_forgets() -> None:
    index = _index(*_TEXTS)
    index.apply({_id(0): analyze_text("blue whale", "und")}, removals=[_id(2), _id(77)])
    assert len(index) == 4
    assert _found(index, "fox") == []
    assert _found(index, "whale") == [0]


def test_identifier_that_ends_in_zero_bytes_comes_back_whole() -> None:
    memory_id = MemoryId(UUID("01890000-0000-7000-8000-000000000000"))
    index = InvertedIndex()
    index.apply({memory_id: analyze_text("fox", "und")})
    [match] = index.search(LexicalQuery(text="fox", k=1, allowed=[memory_id]))
    assert match.memory_id == memory_id
    index.apply({}, [memory_id])
    assert len(index) == 0


def test_very_frequent_term_is_counted_up_to_the_limit_of_its_type() -> None:
    index = InvertedIndex()
    form = LexicalForm(terms=("fox",), counts=(10**6,), length=10**6, language="und")
    index.apply({_id(1): form})
    assert _found(index, "fox") == [1]


def test_many_small_changes_leave_few_segments() -> None:
    index = InvertedIndex()
    for number in range(200):
        index.apply({_id(number): analyze_text(f"note {number}", "und")})
    assert len(index) == 200
    assert len(index._segments) <= 12
    for number in range(150):
        index.apply({}, [_id(number)])
    assert len(index) == 50
    assert sum(map(len, index._segments)) <= 70


def test_search_is_not_disturbed_by_a_change_that_comes_after_it_began() -> None:
    index = _index(*_TEXTS)
    before = index._segments
    index.apply({}, [_id(0), _id(2)])
    assert sum(segment.live for segment in before) == 5
    assert len(index) == 3


def test_preparing_changes_no_answer() -> None:
    plain, prepared = (_index(*_TEXTS, language="en") for _ in range(2))
    prepared.prepare()
    query = LexicalQuery(text="foxes run", k=5)
    assert plain.search(query) == prepared.search(query)
    assert prepared.nbytes > 0


def test_a_question_asked_again_sees_what_has_changed_since() -> None:
    index = _index("red kites", "a kite")
    question = "kite"
    ids = [_id(number) for number in range(3)]
    assert sorted(_found(index, question, language="en")) == [0, 1]
    before = index.presence(question, memory_keys(ids), "en")
    assert before.has.tolist() == [[True], [True], [False]]

    index.apply({_id(2): analyze_text("kites and kites", "und")}, [_id(1)])

    assert sorted(_found(index, question, language="en")) == [0, 2]
    again = index.presence(question, memory_keys(ids), "en")
    assert again.has.tolist() == [[True], [False], [True]]
    index.apply({}, ids)
    assert index.presence(question, memory_keys(ids), "en").unknown == ["kite"]


def test_many_questions_are_each_answered_for_themselves() -> None:
    index = _index(*(f"word{number}" for number in range(40)))

    for _ in range(2):
        for number in range(40):
            assert _found(index, f"word{number}") == [number]
