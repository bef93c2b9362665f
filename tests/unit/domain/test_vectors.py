import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from memsvc.domain.vectors import unit_rows
from memsvc.errors import EmbedderUnavailableError

matrices = hnp.arrays(
    np.float32,
    st.tuples(st.integers(0, 5), st.integers(1, 8)),
    elements=st.floats(-1e3, 1e3, width=32),
).filter(lambda rows: bool((np.linalg.norm(rows, axis=1) > 1e-3).all()))


@given(matrices)
def test_rows_get_length_one_and_keep_their_direction(rows: np.ndarray) -> None:
    units = unit_rows(rows)

    assert units.dtype == np.float32
    assert units.shape == rows.shape
    assert units.flags.c_contiguous
    np.testing.assert_allclose(np.linalg.norm(units, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(
        units * np.linalg.norm(rows, axis=1, keepdims=True), rows, rtol=1e-4, atol=1e-3
    )


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_row_without_direction_is_refused(bad: float) -> None:
    with pytest.raises(EmbedderUnavailableError):
        unit_rows(np.array([[1.0, 2.0], [bad, bad]]))
