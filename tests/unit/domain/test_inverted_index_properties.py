"""An index that was changed answers as one built anew, whatever the changes were."""

from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.inverted_index import InvertedIndex, LexicalMatch, LexicalQuery
from memsvc.domain.lexical import LexicalForm, analyze_text
from memsvc.domain.segment_arrays import from_arrays, to_arrays

_WORDS = [
    *("run", "runs", "running", "runner", "house", "houses", "the", "when", "boathouse"),
    *("café", "cafe", "cafés", "informação", "informações", "häuser", "haus"),
    *("東京", "東京タワー", "猫", "白猫", "집에서", "집", "c++", "2023"),
]
_TEXTS = st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join)
_FORMS = st.builds(analyze_text, _TEXTS, st.sampled_from(["en", "de", "pt", "ja", "und"]))
_IDS = st.uuids(version=4).map(MemoryId)
_FEW_IDS = st.integers(0, 25).map(lambda number: MemoryId(UUID(int=number << 64)))
_QUESTIONS = st.lists(st.sampled_from([*_WORDS, "ouse", "unning", "afé", "京", "タ"]), max_size=4)


class ChangedIndex(RuleBasedStateMachine):
    """Compares an index that is changed step by step with one built from what should be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.index = InvertedIndex()
        self.held: dict[MemoryId, LexicalForm] = {}

    @rule(upserts=st.dictionaries(_FEW_IDS, _FORMS, min_size=1, max_size=6))
    def upsert(self, upserts: dict[MemoryId, LexicalForm]) -> None:
        self.index.apply(upserts)
        self.held.update(upserts)

    @rule(words=_QUESTIONS)
    def compact_or_go_through_arrays(self, words: list[str]) -> None:
        """Neither changes any answer."""
        query = LexicalQuery(text=" ".join(words), k=100)
        before = self.index.search(query)
        self.index.compact()
        assert self.index.search(query) == before
        self.index = from_arrays(to_arrays(self.index.segments))
        assert self.index.search(query) == before

    @rule(removals=st.lists(_FEW_IDS, max_size=8))
    def remove(self, removals: list[MemoryId]) -> None:
        self.index.apply({}, removals)
        for memory_id in removals:
            self.held.pop(memory_id, None)

    @rule(
        upserts=st.dictionaries(_IDS, _FORMS, max_size=2), removals=st.lists(_FEW_IDS, max_size=3)
    )
    def upsert_and_remove(
        self, upserts: dict[MemoryId, LexicalForm], removals: list[MemoryId]
    ) -> None:
        self.index.apply(upserts, removals)
        for memory_id in removals:
            self.held.pop(memory_id, None)
        self.held.update(upserts)

    @rule(
        words=_QUESTIONS,
        k=st.sampled_from([1, 3, 100]),
        allowed=st.none() | st.lists(_FEW_IDS, max_size=12),
    )
    def search(self, words: list[str], k: int, allowed: list[MemoryId] | None) -> None:
        query = LexicalQuery(text=" ".join(words), k=k, allowed=allowed)
        assert self.index.search(query) == self._anew(query)

    @invariant()
    def holds_as_many(self) -> None:
        assert len(self.index) == len(self.held)

    def _anew(self, query: LexicalQuery) -> list[LexicalMatch]:
        index = InvertedIndex()
        index.apply(self.held)
        return index.search(query)


TestChangedIndex = ChangedIndex.TestCase
TestChangedIndex.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
