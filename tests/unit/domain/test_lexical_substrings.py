"""Any part of a text finds the text, in languages with and without spaces."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.inverted_index import InvertedIndex, LexicalQuery
from memsvc.domain.lexical import analyze_text
from memsvc.domain.tokens import is_characterwise

_DATA = Path(__file__).parents[2] / "data"
SENTENCES: dict[str, list[str]] = json.loads(
    (_DATA / "multilingual_sentences.json").read_text(encoding="utf-8")
)
QUESTIONS: dict[str, list[tuple[str, str]]] = json.loads(
    (_DATA / "multilingual_questions.json").read_text(encoding="utf-8")
)
_K = 5
_EVERY_LANGUAGE = [sentence for sentences in SENTENCES.values() for sentence in sentences]


def _index(sentences: list[str]) -> InvertedIndex:
    index = InvertedIndex()
    forms = (analyze_text(sentence) for sentence in sentences)
    index.apply({MemoryId(UUID(int=place)): form for place, form in enumerate(forms)})
    return index


def _found(index: InvertedIndex, text: str) -> list[int]:
    return [match.memory_id.int for match in index.search(LexicalQuery(text=text, k=_K))]


def _parts(sentence: str, shortest: int, rng: random.Random) -> Iterator[str]:
    """Yield parts cut anywhere, and where there are spaces as many cut at words."""
    for _ in range(8):
        length = rng.randint(shortest, min(len(sentence), shortest + 14))
        start = rng.randint(0, len(sentence) - length)
        part = sentence[start : start + length].strip()
        if len(part) >= shortest:
            yield part
    words = sentence.split()
    for _ in range(8 if len(words) > 1 else 0):
        start = rng.randrange(len(words))
        part = " ".join(words[start : start + rng.randint(1, 4)])
        if len(part) >= shortest:
            yield part


@pytest.mark.parametrize("is_mixed", [False, True], ids=["own bank", "mixed bank"])
@pytest.mark.parametrize("language", SENTENCES)
def test_exact_substrings_find_their_texts(language: str, is_mixed: bool) -> None:
    own = SENTENCES[language]
    held = _EVERY_LANGUAGE if is_mixed else own
    shortest = 3 if is_characterwise(own[0]) else 6
    index, rng = _index(held), random.Random(language)
    recalls = []
    for part in (part for sentence in own for part in _parts(sentence, shortest, rng)):
        gold = {place for place, sentence in enumerate(held) if part in sentence}
        found = gold.intersection(_found(index, part))
        recalls.append(len(found) / min(_K, len(gold)))
    assert len(own) >= 40
    assert len(recalls) > 300
    assert sum(recalls) / len(recalls) >= 0.95


@pytest.mark.parametrize("language", SENTENCES)
def test_language_of_sentences_is_recognised_or_left_open(language: str) -> None:
    recognised = [analyze_text(sentence).language for sentence in SENTENCES[language]]
    assert set(recognised) <= {language, "und"}
    assert recognised.count(language) >= 0.9 * len(recognised)


@pytest.mark.parametrize("language", QUESTIONS)
def test_questions_in_other_words_find_their_answers(language: str) -> None:
    index = _index(SENTENCES[language])
    found = 0
    for question, part in QUESTIONS[language]:
        [gold] = [i for i, sentence in enumerate(SENTENCES[language]) if part in sentence]
        found += gold in _found(index, question)
    assert found / len(QUESTIONS[language]) >= 0.9


def test_parts_of_words_find_the_words_they_are_part_of() -> None:
    index = _index(["Der Handschuhschneeballwerfer schlief", "Ein Hund bellte", "Schnee fiel"])
    assert _found(index, "schneeball") == [0]
    assert _found(index, "handsch") == [0]
    assert _found(index, "xyzzy") == []


def test_accents_may_be_left_out_of_a_question() -> None:
    index = _index(["As informações estão no relatório", "O café fechou", "Nada mais"])
    assert _found(index, "informacoes") == [0]
    assert _found(index, "CAFE") == [1]
    assert _found(index, "relatorios") == [0]
