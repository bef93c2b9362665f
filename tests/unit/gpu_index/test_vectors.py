import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_index.errors import (
    DimensionMismatchError,
    InvalidInputError,
    NonFiniteVectorError,
    ZeroVectorError,
)
from gpu_index.vectors import distinct_ids, id_array, partition_array, unit_rows


def matrix(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_unit_rows_are_kept_bit_for_bit() -> None:
    vectors = np.random.default_rng(1).standard_normal((50, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert unit_rows(vectors, 384) is vectors


def test_only_rows_of_another_length_are_scaled_and_the_input_is_left_alone() -> None:
    vectors = matrix([0.6, 0.8], [3, 4])
    before = vectors.copy()
    unit = unit_rows(vectors, 2)
    assert np.array_equal(unit[0], before[0])
    assert unit[1] == pytest.approx([0.6, 0.8])
    assert np.array_equal(vectors, before)


@given(st.floats(2.0**-149, 2.0**127, width=32), st.integers(0, 3))
def test_length_is_one_for_every_finite_magnitude(magnitude: float, position: int) -> None:
    vectors = np.zeros((1, 4), dtype=np.float32)
    vectors[0, position] = magnitude
    assert unit_rows(vectors, 4)[0, position] == pytest.approx(1, abs=1e-6)


def test_rows_become_contiguous() -> None:
    assert unit_rows(np.eye(4, dtype=np.float32)[:, ::2][[0, 2]], 2).flags.c_contiguous
    assert unit_rows(np.asfortranarray(np.eye(4, dtype=np.float32)), 4).flags.c_contiguous


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_first_non_finite_row_is_named(bad: float) -> None:
    with pytest.raises(NonFiniteVectorError, match="row 1 "):
        unit_rows(matrix([1, 0], [0, bad], [bad, 0]), 2)


def test_first_zero_row_is_named() -> None:
    with pytest.raises(ZeroVectorError, match="row 2 "):
        unit_rows(matrix([1, 0], [0, 1], [0, 0]), 2)


def test_other_dimension_is_named() -> None:
    with pytest.raises(DimensionMismatchError, match="2 components, the index 3"):
        unit_rows(matrix([1, 0]), 3)


def test_other_type_or_shape_is_named() -> None:
    with pytest.raises(InvalidInputError, match="not list"):
        unit_rows([[1.0, 0.0]], 2)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="2-dimensional float32, not 2-dimensional float64"):
        unit_rows(np.eye(2), 2)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="not 1-dimensional"):
        unit_rows(np.ones(2, dtype=np.float32), 2)


def test_ids_are_non_negative_int64() -> None:
    ids = np.array([3, 0, 2**63 - 1])
    assert id_array(ids) is ids
    assert id_array(ids[:0]).size == 0
    with pytest.raises(InvalidInputError, match="-5"):
        id_array(np.array([1, -5]))
    with pytest.raises(InvalidInputError, match="int64"):
        id_array(np.array([1], dtype=np.uint64))


def test_distinct_ids_are_sorted_once_each() -> None:
    assert distinct_ids(np.array([5, 2, 5, 5, 0, 2])).tolist() == [0, 2, 5]
    assert distinct_ids(np.array([], dtype=np.int64)).tolist() == []
    with pytest.raises(InvalidInputError):
        distinct_ids(np.array([3, -1]))


def test_partitions_are_one_per_query_and_may_be_negative() -> None:
    partitions = np.array([-3, 4])
    assert partition_array(partitions, 2) is partitions
    with pytest.raises(InvalidInputError, match="2 partitions for 3 queries"):
        partition_array(partitions, 3)
