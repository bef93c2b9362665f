"""Events: where an episode is cut, and why there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.events import LEAST, MOST, Begin, Event, segment, surprises
from memsvc.domain.vectors import FloatMatrix

_A, _B = (1.0, 0.0), (0.0, 1.0)
_BETWEEN = (0.8, 0.6)


def _rows(*vectors: tuple[float, float]) -> FloatMatrix:
    return np.array(vectors, np.float32)


def _random(seed: int, turns: int, missing: float = 0.0) -> FloatMatrix:
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(turns, 6)) + draw.normal(size=6)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[draw.random(turns) < missing] = 0.0
    return rows.astype(np.float32)


def _topics(seed: int, *lengths: int) -> FloatMatrix:
    """Return turns that scatter a little about one direction after the other, at right angles."""
    draw = np.random.default_rng(seed)
    centres = np.repeat(np.eye(len(lengths), 16), lengths, axis=0)
    rows = centres + 0.05 * draw.normal(size=centres.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


_episodes = st.builds(
    _random, st.integers(0, 10_000), st.integers(0, 60), st.sampled_from([0.0, 0.2, 0.9])
)


def test_two_topics_are_two_events_and_the_boundary_says_why() -> None:
    # By hand. Before turn 3 all are alike: its surprises are 0 and 0, so that any surprise is one.
    # d_3 = 1 - cos(b, a) = 1. d_4 = 1 - cos(b, 3a + b) = 1 - 1/√10 = 0.684 is held against mean and
    # deviation of 0, 0 and 1: 1/3 + √2/3 = 0.805. d_5 = 1 - 2/√13 = 0.445 is less surprising yet.
    assert segment(_rows(_A, _A, _A, _B, _B, _B)) == [
        Event(first=0, last=2, begin=Begin.START),
        Event(first=3, last=5, begin=Begin.SURPRISE, at=3, surprise=1.0, threshold=0.0),
    ]


def test_surprise_looks_at_the_turns_before() -> None:
    d = surprises(np.asarray(_rows(_A, _A, _A, _B, _B, _B), np.float64))
    assert np.isnan(d[0])
    assert d[1:].tolist() == pytest.approx([0, 0, 1, 1 - 1 / 10**0.5, 1 - 2 / 13**0.5])


def test_a_boundary_moves_to_where_both_sides_hang_together() -> None:
    # The greatest surprise is turn 7, the first that is b. But turn 6, which leads over, is nearer
    # to b (0.96) than to anything before it (0.28 and 0.8).
    lead = (0.28, 0.96)
    rows = _rows(_A, _A, _BETWEEN, _A, _BETWEEN, _BETWEEN, lead, _B, _B, _B)
    [_, second] = segment(rows)
    assert second.begin is Begin.SURPRISE
    assert (second.at, second.first) == (7, 6)


def test_a_topic_that_changes_is_found() -> None:
    for seed in range(20):
        starts = [each.first for each in segment(_topics(seed, 6, 7, 5))]
        assert {6, 13} <= set(starts)


def test_an_event_that_surprises_nobody_ends_at_its_greatest_length() -> None:
    alike = np.tile(np.array([[0.6, 0.8]], np.float32), (20, 1))
    events = segment(alike)
    assert [(each.first, each.begin) for each in events] == [
        (0, Begin.START),
        (8, Begin.LENGTH),
        (16, Begin.LENGTH),
    ]
    assert events[1].surprise == pytest.approx(0.0, abs=1e-6)


def test_an_episode_without_vectors_is_cut_by_length_alone() -> None:
    events = segment(np.zeros((10, 4), np.float32))
    assert [(each.first, each.last) for each in events] == [(0, 7), (8, 9)]
    assert (events[1].surprise, events[1].threshold) == (None, None)


def test_turns_that_cancel_out_are_like_nothing() -> None:
    d = surprises(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]))
    assert d[1:].tolist() == [2.0, 1.0]


@pytest.mark.parametrize("turns", range(2 * LEAST))
def test_what_is_too_short_to_be_cut_is_one_event(turns: int) -> None:
    events = segment(_random(1, turns))
    assert [(each.first, each.last) for each in events] == ([(0, turns - 1)] if turns else [])


@given(_episodes)
def test_every_turn_is_in_exactly_one_event_of_a_length_within_bounds(rows: FloatMatrix) -> None:
    events = segment(rows)
    turns = [turn for each in events for turn in range(each.first, each.last + 1)]
    assert turns == list(range(len(rows)))
    lengths = [each.last - each.first + 1 for each in events]
    assert all(length <= MOST for length in lengths)
    assert len(rows) < LEAST or all(length >= LEAST for length in lengths)


@given(_episodes)
def test_a_boundary_by_surprise_passes_what_it_was_held_against(rows: FloatMatrix) -> None:
    for event in segment(rows):
        assert (event.begin is Begin.START) == (event.first == 0)
        if event.begin is Begin.SURPRISE:
            assert event.surprise is not None
            assert event.threshold is not None
            assert event.surprise > event.threshold


@given(_episodes, st.integers(0, 60))
def test_later_turns_change_only_the_last_events(rows: FloatMatrix, told: int) -> None:
    before = segment(rows[:told])
    settled = [each for each in before if each.last < min(told, len(rows)) - 3 * MOST]
    assert segment(rows)[: len(settled)] == settled


@given(_episodes, st.permutations(range(6)))
def test_axes_may_be_exchanged(rows: FloatMatrix, axes: list[int]) -> None:
    # Only cosines count, up to rounding.
    events, turned = segment(rows), segment(np.ascontiguousarray(rows[:, axes]))
    assert [each.first for each in turned] == [each.first for each in events]


@given(st.integers(0, 1000), st.integers(1, 40))
def test_equal_episodes_have_equal_events(seed: int, turns: int) -> None:
    assert segment(_random(seed, turns)) == segment(_random(seed, turns).copy())
