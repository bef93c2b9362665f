"""Pure decisions: what of an answer holds, which memories are linked, how annotations grow."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.identifiers import MemoryId, uuid7
from memsvc.domain.organising.cutting import Waiting, WindowBounds, cut_windows
from memsvc.domain.organising.evolving import evolved
from memsvc.domain.organising.extraction import (
    MOST_KEYWORDS,
    MOST_TAGS,
    Annotations,
    ExtractedFact,
    ExtractedItem,
    ExtractedThought,
    Extraction,
    ProposedEvolution,
    ProposedLink,
)
from memsvc.domain.organising.linking import (
    LinkBounds,
    NearPair,
    calibrated_cosine,
    choose_links,
    reason_of,
)
from memsvc.domain.organising.validation import validated
from memsvc.domain.vectors import unit_rows
from tests.unit.domain.organising.windows import WEDNESDAY, item, window_of

IDS = [MemoryId(uuid7(WEDNESDAY, no)) for no in range(8)]
WINDOW = window_of("One.", "Two.", neighbours=("Three.",))


def said(handle: int, keywords: tuple[str, ...] = ()) -> ExtractedItem:
    return ExtractedItem(handle=handle, annotations=Annotations(keywords=keywords))


def test_an_answer_that_fits_is_kept_whole() -> None:
    answer = Extraction(
        items=[said(1, keywords=("a",)), said(2)],
        thoughts=[ExtractedThought(text="Both.", sources=(1, 2))],
        links=[ProposedLink(from_handle=1, to_handle=3, reason="same")],
        evolutions=[ProposedEvolution(handle=3, because_of=1, annotations=Annotations())],
    )
    checked = validated(WINDOW, answer)

    assert checked.extraction == answer
    assert (checked.missing, checked.rejected.total()) == (frozenset(), 0)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Extraction(items=[said(3)]), "unknown handle"),
        (Extraction(items=[said(1), said(1)]), "item told twice"),
        (
            Extraction(items=[], links=[ProposedLink(from_handle=1, to_handle=1, reason="")]),
            "link to itself",
        ),
        (
            Extraction(items=[], links=[ProposedLink(from_handle=1, to_handle=9, reason="")]),
            "unknown handle",
        ),
        (
            Extraction(
                items=[],
                evolutions=[ProposedEvolution(handle=1, because_of=2, annotations=Annotations())],
            ),
            "unknown handle",
        ),
        (
            Extraction(items=[], thoughts=[ExtractedThought(text="x", sources=(3,))]),
            "thought without a source",
        ),
        (
            Extraction(items=[], thoughts=[ExtractedThought(text="x" * 401, sources=(1,))]),
            "thought out of bounds",
        ),
    ],
)
def test_what_does_not_fit_is_dropped_alone_and_counted(answer: Extraction, reason: str) -> None:
    good = ExtractedThought(text="Stays.", sources=(2,))
    mixed = Extraction(
        items=answer.items,
        thoughts=[*answer.thoughts, good],
        links=answer.links,
        evolutions=answer.evolutions,
    )
    checked = validated(WINDOW, mixed)

    assert checked.rejected == Counter({reason: 1})
    assert checked.extraction.thoughts == [good]


def test_items_that_an_answer_leaves_out_are_named() -> None:
    assert validated(WINDOW, Extraction(items=[said(2)])).missing == {1}


def test_strings_past_their_bounds_and_impossible_facts_go() -> None:
    facts = (
        ExtractedFact(subject="Ann", relation="is", object="x" * 121),
        ExtractedFact(subject="Ann", relation="is", object="tall", confidence=0.0),
        ExtractedFact(subject="Ann", relation="is", object="tall"),
    )
    long = ExtractedItem(
        handle=1,
        annotations=Annotations(
            keywords=("ok", "ok", " ", "x" * 121), tags=tuple(map(str, range(20))), context=" a\nb "
        ),
        facts=facts,
    )
    [kept] = validated(WINDOW, Extraction(items=[long])).extraction.items

    assert kept.annotations.keywords == ("ok",)
    assert len(kept.annotations.tags) == MOST_TAGS
    assert kept.annotations.context == "a b"
    assert kept.facts == facts[2:]


def pair(note: int, other: int, cosine: float) -> NearPair:
    return NearPair(note=IDS[note], other=IDS[other], cosine=cosine)


def test_the_nearest_are_linked_from_the_newer_to_the_older() -> None:
    bounds = LinkBounds(least_cosine=0.5, per_note=2)
    pairs = [pair(1, 3, 0.9), pair(1, 0, 0.8), pair(1, 2, 0.7), pair(1, 4, 0.4)]

    chosen = choose_links(pairs, {(IDS[1], IDS[0]): "shares: tea"}, {}, bounds)

    assert [(each.from_id, each.to_id, each.reason) for each in chosen] == [
        (IDS[3], IDS[1], "close in meaning"),
        (IDS[1], IDS[0], "shares: tea"),
    ]


def test_a_full_note_gets_no_more_links() -> None:
    bounds = LinkBounds(least_cosine=0.5, per_note=3, degree=4)

    assert choose_links([pair(1, 0, 0.9)], {}, {IDS[0]: 4}, bounds) == []
    assert len(choose_links([pair(1, 0, 0.9)], {}, {IDS[0]: 3}, bounds)) == 1


pairs_of_notes = st.lists(
    st.builds(pair, st.integers(0, 7), st.integers(0, 7), st.floats(-1, 1)), max_size=40
)


@given(pairs_of_notes, st.integers(0, 4), st.integers(1, 5))
def test_links_keep_every_bound(pairs: list[NearPair], per_note: int, degree: int) -> None:
    bounds = LinkBounds(least_cosine=0.3, per_note=per_note, degree=degree)
    chosen = choose_links(pairs, {}, {}, bounds)
    ends = Counter(end for each in chosen for end in (each.from_id, each.to_id))

    assert all(each.from_id > each.to_id for each in chosen)
    assert len({(each.from_id, each.to_id) for each in chosen}) == len(chosen)
    assert all(0 < each.weight <= 1 and each.weight >= 0.3 for each in chosen)
    assert all(count <= degree for count in ends.values())
    assert len(chosen) <= per_note * len({each.note for each in pairs})
    assert all(one.weight >= other.weight for one, other in pairwise(chosen))
    assert chosen == choose_links(list(reversed(pairs)), {}, {}, bounds)


def test_the_reason_names_what_both_share_but_no_speaker() -> None:
    one, other = item("Ann went climbing in Lisbon."), item("Lisbon has climbing halls, Ann.")

    assert reason_of(one, other) == "shares: climbing, Lisbon"
    assert reason_of(item("Tea."), item("Coffee.")) == "close in meaning"


def test_a_bank_of_texts_that_are_all_alike_needs_higher_cosines() -> None:
    draws = np.random.default_rng(7)
    apart = unit_rows(draws.standard_normal((80, 64)).astype(np.float32))
    alike = unit_rows(apart + 0.6)

    assert calibrated_cosine(apart[:10], otherwise=0.45) == 0.45
    assert calibrated_cosine(apart, otherwise=0.45) < calibrated_cosine(alike, otherwise=0.45)
    assert calibrated_cosine(apart, otherwise=0.45) >= 0.3


annotations = st.builds(
    Annotations,
    keywords=st.lists(st.text("abc", min_size=1, max_size=2), max_size=10, unique=True).map(tuple),
    tags=st.lists(st.text("xyz", min_size=1, max_size=2), max_size=10, unique=True).map(tuple),
    context=st.text("k", max_size=400),
)


@given(annotations, annotations)
def test_evolving_only_adds_and_stays_in_bounds(before: Annotations, new: Annotations) -> None:
    after = evolved(before, new)

    assert after.keywords[: len(before.keywords)] == before.keywords
    assert after.tags[: len(before.tags)] == before.tags
    assert len(after.keywords) <= MOST_KEYWORDS
    assert len(after.tags) <= MOST_TAGS
    assert evolved(after, new) == after


@given(st.integers(1, 60), st.integers(1, 10))
def test_no_window_but_a_small_sources_is_less_than_full(count: int, items: int) -> None:
    memories = [Waiting(key=no, source="a", characters=1) for no in range(count)]
    sizes = [len(each) for each in cut_windows(memories, WindowBounds(items=items))]
    assert len(sizes) == max(1, count // items)
    assert max(sizes) - min(sizes) <= 1


waiting = st.lists(
    st.builds(
        Waiting, key=st.integers(), source=st.sampled_from("abc"), characters=st.integers(0, 50)
    ),
    max_size=60,
    unique_by=lambda each: each.key,
)


@given(waiting, st.integers(1, 7), st.integers(1, 120))
def test_windows_hold_each_memory_once_of_one_source_within_bounds(
    memories: list[Waiting[int]], items: int, characters: int
) -> None:
    bounds = WindowBounds(items=items, characters=characters)
    by_key = {each.key: each for each in memories}
    windows = cut_windows(memories, bounds)

    assert sorted(key for window in windows for key in window) == sorted(by_key)
    for window in windows:
        assert 1 <= len(window) < 2 * items
        assert len({by_key[key].source for key in window}) == 1
        total = sum(by_key[key].characters for key in window)
        assert total <= characters or len(window) == 1
    for source in "abc":
        order = [key for window in windows for key in window if by_key[key].source == source]
        assert order == [each.key for each in memories if each.source == source]
