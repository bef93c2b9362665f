"""Grains: how clearly a question's similarities stand out at each."""

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from memsvc.domain.grains import (
    Grain,
    Unit,
    entropy,
    fold,
    grain_weights,
    heaviest,
    mean_directions,
)
from memsvc.domain.identifiers import MemoryId

_similarities = arrays(np.float64, st.integers(0, 50), elements=st.floats(-1, 1))


def test_entropy_by_hand() -> None:
    # With λ = 0.1 and ln 3 / 10 between two similarities the odds are 3 to 1:
    # H = -(¾ ln ¾ + ¼ ln ¼) = 0.5623, over ln 2 = 0.8113.
    assert entropy(np.array([0.5 + np.log(3) / 10, 0.5])) == pytest.approx(0.8113, abs=1e-4)


@given(_similarities)
def test_entropy_is_a_share(similarities: np.ndarray) -> None:
    assert 0 <= entropy(similarities) <= 1


@given(st.integers(2, 500), st.floats(-1, 1))
def test_what_is_all_alike_has_entropy_one_however_much_it_is(
    count: int, similarity: float
) -> None:
    # The published code does not normalise: of 500 its "1 - H" is 1 - ln 500, less than -5.
    assert entropy(np.full(count, similarity)) == pytest.approx(1.0)


@given(_similarities, st.floats(-1, 1))
def test_only_differences_of_similarities_count(similarities: np.ndarray, shift: float) -> None:
    assert entropy(similarities + shift) == pytest.approx(entropy(similarities), abs=1e-9)


@pytest.mark.parametrize("count", [0, 1])
def test_one_unit_or_none_does_not_stand_out(count: int) -> None:
    assert entropy(np.ones(count)) == 1.0


def test_the_grain_at_which_something_stands_out_weighs_most() -> None:
    clear, dull = np.array([0.9, 0.1, 0.1]), np.array([0.5, 0.5, 0.4])
    weights = grain_weights({Grain.MEMORY: dull, Grain.EVENT: clear, Grain.EPISODE: np.ones(1)})
    assert heaviest(weights) is Grain.EVENT
    assert weights[Grain.EPISODE].weight == 0
    assert weights[Grain.EVENT].units == 3


@given(st.dictionaries(st.sampled_from(Grain), _similarities, min_size=1))
def test_weights_are_shares_of_one(similarities: dict[Grain, np.ndarray]) -> None:
    weights = grain_weights(similarities)
    assert all(0 <= each.weight <= 1 for each in weights.values())
    assert sum(each.weight for each in weights.values()) == pytest.approx(1.0)


def test_where_nothing_stands_out_all_weigh_the_same_and_the_finest_is_chosen() -> None:
    weights = grain_weights({Grain.EPISODE: np.ones(1), Grain.EVENT: np.empty(0)})
    assert [each.weight for each in weights.values()] == [0.5, 0.5]
    assert heaviest(weights) is Grain.EVENT
    assert heaviest({}) is Grain.MEMORY


def test_means_have_length_one_and_leave_out_what_has_no_direction() -> None:
    rows = np.array([[1, 0], [0, 1], [-1, 0], [0, 0]], np.float32)
    means = mean_directions(rows, [[0, 1], [0, 3], [0, 2], [3]])
    assert np.allclose(means, [[0.5**0.5, 0.5**0.5], [1, 0]])
    assert mean_directions(rows, []).shape == (0, 2)


def _ids(*numbers: int) -> list[MemoryId]:
    return [MemoryId(UUID(int=number)) for number in numbers]


def test_the_best_of_a_unit_stands_for_it_and_those_in_none_for_themselves() -> None:
    units = [
        Unit(memory_ids=_ids(1, 2, 3), first=0, last=2),
        Unit(memory_ids=_ids(4, 5), first=3, last=4),
        Unit(memory_ids=_ids(6), first=5, last=5),
    ]
    standing = fold(_ids(3, 9, 4, 1), units)

    assert {key.int: [each.int for each in unit.found] for key, unit in standing.items()} == {
        3: [3, 1],
        4: [4],
    }
    assert standing[_ids(3)[0]].memory_ids == _ids(1, 2, 3)
