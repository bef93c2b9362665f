"""Watermarks survive being bytes, and never claim more than was applied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.memory_index.marks import MARK_BYTES, decode_mark, encode_mark
from memsvc.ports import Watermark

NUMBERS = st.integers(min_value=0, max_value=2**62)
WATERMARKS = st.builds(
    Watermark,
    horizon=NUMBERS,
    trimmed_below=NUMBERS,
    applied=st.frozensets(st.tuples(NUMBERS, NUMBERS), max_size=20),
    source=st.text(max_size=100),
)


@given(WATERMARKS)
def test_a_watermark_comes_back_from_its_mark(watermark: Watermark) -> None:
    assert decode_mark(encode_mark(watermark)) == watermark


def test_a_mark_without_room_for_every_change_claims_fewer() -> None:
    applied = frozenset((xid, xid) for xid in range(10, 10_010))
    mark = encode_mark(Watermark(horizon=10, applied=applied, source="s"))

    claimed = decode_mark(mark)

    assert len(mark) <= MARK_BYTES
    assert claimed.applied < applied
    assert (claimed.horizon, claimed.source) == (10, "s")


@pytest.mark.parametrize("mark", [b"", b"\x01", b"\x02\x00\x00" + bytes(16), b"\x01\xff\xff"])
def test_other_bytes_are_refused(mark: bytes) -> None:
    with pytest.raises(ValueError, match="mark"):
        decode_mark(mark)


def test_a_torn_mark_is_refused() -> None:
    mark = encode_mark(Watermark(horizon=1, applied=frozenset({(1, 2)}), source="s"))
    with pytest.raises(ValueError, match="mark"):
        decode_mark(mark[:-1])
