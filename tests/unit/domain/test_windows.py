from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.windows import even_windows


@st.composite
def cuts(draw: st.DrawFn) -> tuple[int, int, int]:
    size = draw(st.integers(1, 300))
    return draw(st.integers(0, 5000)), size, draw(st.integers(0, size - 1))


@given(cuts())
def test_windows_cover_everything_and_overlap_and_fit(cut: tuple[int, int, int]) -> None:
    length, size, overlap = cut

    windows = even_windows(length, size, overlap)

    assert windows[0].start == 0
    assert windows[-1].stop == length
    assert all(window.stop - window.start <= size for window in windows)
    for one, other in pairwise(windows):
        assert one.start < other.start
        assert one.stop - other.start >= overlap


@given(cuts())
def test_windows_are_equally_wide_and_no_more_than_needed(cut: tuple[int, int, int]) -> None:
    length, size, overlap = cut

    windows = even_windows(length, size, overlap)

    assert len({window.stop - window.start for window in windows}) == 1
    # One fewer, all of full size, would not reach the end.
    assert len(windows) == 1 or (len(windows) - 1) * (size - overlap) + overlap < length


def test_short_rest_is_shared_out() -> None:
    assert even_windows(300, 254, 32) == [slice(0, 166), slice(134, 300)]


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (5, 5), (5, -1)])
def test_impossible_overlap_is_refused(size: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="overlap"):
        even_windows(10, size, overlap)
