"""Many short strings in little memory: one text, sorted, with the places where each begins."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from sys import getsizeof
from typing import overload

import numpy as np
from numpy.typing import NDArray

# No term holds a line break, so a match inside the text never spans two strings.
_END = "\n"

_STRIDE = 64
"""Every so many strings one is kept as an object: a search among those and then in one stretch of
text calls no Python function on its way."""


class SortedStrings(Sequence[str]):
    """An immutable sorted sequence of strings, at their own size plus 6 bytes each.

    A ``list`` of the same strings takes some 60 bytes more for each, a ``dict`` over 100.
    """

    __slots__ = ("_anchors", "_starts", "_text")

    def __init__(self, strings: Sequence[str]) -> None:
        """Keep ``strings``, which are ascending (repeats allowed) and hold no line break."""
        self._text = "".join(string + _END for string in strings)
        self._starts = array("I", accumulate((len(s) + 1 for s in strings), initial=0))
        self._anchors = list(strings[::_STRIDE])

    @classmethod
    def from_arrays(cls, text: NDArray[np.uint8], starts: NDArray[np.uint32]) -> "SortedStrings":
        """Return the strings that ``to_arrays`` was called on."""
        strings = cls([])
        strings._text = text.tobytes().decode()
        strings._starts = array("I", starts.astype(np.uintc).tobytes())
        strings._anchors = [strings[index] for index in range(0, len(strings), _STRIDE)]
        return strings

    def to_arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
        """Return the text in UTF-8, and in it by characters where each string begins."""
        text = np.frombuffer(self._text.encode(), np.uint8)
        return text, np.array(self._starts, np.uint32)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __iter__(self) -> Iterator[str]:
        return iter(self._text.split(_END)[:-1])

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return self._text[self._starts[index] : self._starts[index + 1] - 1]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        anchors = getsizeof(self._anchors) + sum(map(getsizeof, self._anchors))
        return getsizeof(self._text) + getsizeof(self._starts) + anchors

    def range_of(self, string: str) -> range:
        """Return the indices at which ``string`` stands; an empty range where it does not."""
        begin = max(0, bisect_left(self._anchors, string) - 1) * _STRIDE
        end = min(len(self), begin + _STRIDE)
        stretch = self._text[self._starts[begin] : self._starts[end]].split(_END)
        first = last = begin + bisect_left(stretch, string, 0, end - begin)
        while last < len(self) and self[last] == string:  # Repeats are few.
            last += 1
        return range(first, last)

    def containing(self, fragment: str) -> Iterator[int]:
        """Yield the indices of the strings with ``fragment`` (not empty) in them, ascending."""
        found = self._text.find(fragment)
        while found >= 0:
            index = bisect_right(self._starts, found) - 1
            yield index
            found = self._text.find(fragment, self._starts[index + 1])
