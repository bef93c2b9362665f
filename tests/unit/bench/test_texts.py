from collections import Counter
from itertools import pairwise
from statistics import mean, median

import numpy as np
import pytest

from bench.similarity.arrays import ExpandedVectors, unit
from bench.texts import TextSource
from bench.vectors import VectorSource
from memsvc.domain.graph.extraction import extract_entities

VOCABULARY = [f"w{number}" for number in range(5_000)]


def test_equal_seeds_give_equal_texts() -> None:
    first, again, other = (TextSource(VOCABULARY, seed) for seed in (1, 1, 2))
    turns = first.turns(50)
    assert turns == again.turns(50)
    assert first.questions(5) == again.questions(5)
    assert turns != other.turns(50)


def test_turns_have_the_lengths_of_conversations() -> None:
    lengths = [len(turn.text.split()) for turn in TextSource(VOCABULARY, 0).turns(2_000)]
    assert 20 <= median(lengths) <= 24
    assert 24 <= mean(lengths) <= 29
    assert min(lengths) >= 3


def test_words_of_lower_rank_are_rarer() -> None:
    turns = TextSource(VOCABULARY, 0).turns(2_000)
    counts = Counter(word for turn in turns for word in turn.text.split())
    by_rank = [sum(counts[word] for word in VOCABULARY[start : start + 50]) for start in (0, 50)]
    assert counts["w0"] == max(counts.values())
    assert by_rank[0] > 2 * by_rank[1]


def test_speakers_take_turns() -> None:
    speakers = [turn.speaker for turn in TextSource(VOCABULARY, 0).turns(6)]
    assert all(one != other for one, other in pairwise(speakers))


def test_vectors_are_unit_and_lie_about_the_texts() -> None:
    random = np.random.default_rng(3)
    texts = random.standard_normal((20, 384)).astype(np.float32)
    vectors = VectorSource(ExpandedVectors(texts, texts[:1]), seed=0).vectors(200)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    nearest = (vectors @ unit(texts).T).max(axis=1)
    assert nearest.mean() == pytest.approx(0.86, abs=0.05)
    assert len(np.unique(vectors, axis=0)) == len(vectors)


def test_equal_seeds_give_equal_vectors() -> None:
    texts = np.eye(8, dtype=np.float32)
    around = ExpandedVectors(texts, texts[:1])
    first, again = (VectorSource(around, seed=5).vectors(30) for _ in range(2))
    assert np.array_equal(first, again)


def test_names_are_as_many_as_asked_and_can_be_recognised() -> None:
    vocabulary = [a + b + c for a in "bcdfg" for b in ("ando", "eril", "ulat") for c in "klmnprst"]
    turns = TextSource(vocabulary, 0, names=2.0).turns(150)
    named = [sum(word[0].isupper() for word in turn.text.split()) for turn in turns]
    assert mean(named) == pytest.approx(2.0, abs=0.4)
    found = sum(len(extract_entities(turn.text).mentions) for turn in turns)
    assert found > 0.5 * sum(named)


def test_without_names_nothing_has_a_capital() -> None:
    turns = TextSource(VOCABULARY, 0).turns(100)
    assert not any(letter.isupper() for turn in turns for letter in turn.text)
