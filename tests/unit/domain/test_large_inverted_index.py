"""What the inverted index does differently among many documents changes no answer."""

import random
from uuid import UUID

import pytest

from memsvc.domain import index_segment
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.inverted_index import InvertedIndex, LexicalQuery
from memsvc.domain.lexical import analyze_text

_DOCUMENTS = 3_000
_WORDS = ["the", "ship", "ships", "shipping", "harbour", "lighthouse", "lighthouses", "storm"]
_SHARES = [40, 9, 6, 3, 2, 0.05, 0.05, 4]


@pytest.fixture(scope="module")
def index() -> InvertedIndex:
    chance = random.Random(5)
    held = InvertedIndex()
    held.apply(
        {
            MemoryId(UUID(int=number)): analyze_text(
                " ".join(chance.choices(_WORDS, _SHARES, k=chance.randrange(2, 12))), "en"
            )
            for number in range(_DOCUMENTS)
        }
    )
    held.compact()
    return held


@pytest.mark.parametrize("text", ["the", "storm ships", "lighthouse", "the harbour of storms"])
@pytest.mark.parametrize("k", [1, 5, 40])
def test_few_are_the_first_of_all(index: InvertedIndex, text: str, k: int) -> None:
    everything = index.search(LexicalQuery(text=text, k=_DOCUMENTS, language="en"))
    assert index.search(LexicalQuery(text=text, k=k, language="en")) == everything[:k]


def test_rare_forms_are_counted_as_frequent_ones_are(
    index: InvertedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = LexicalQuery(text="lighthouse ships", k=_DOCUMENTS, language="en")
    monkeypatch.setattr(index_segment, "_FEW_OF", 0)
    sorted_ = index.search(query)
    monkeypatch.setattr(index_segment, "_FEW_OF", _DOCUMENTS)
    assert index.search(query) == sorted_
    assert len(sorted_) > 100
