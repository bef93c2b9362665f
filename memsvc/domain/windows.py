"""How a sequence too long for a model is cut into windows."""

import math


def even_windows(length: int, size: int, overlap: int) -> list[slice]:
    """Return slices of at most ``size`` that cover ``range(length)``, as even as they can be.

    Neighbours share at least ``overlap`` items, so that what is said across a cut is whole in one
    of them. Even windows beat full ones with a short rest: they cost less, and the rest would be
    a vector of half a sentence. A length of 0 gives one empty slice. Needs
    ``0 <= overlap < size``.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"overlap {overlap} must be at least 0 and below the size {size}")
    if length <= size:
        return [slice(0, length)]
    count = math.ceil((length - overlap) / (size - overlap))
    width = math.ceil((length + (count - 1) * overlap) / count)
    starts = [round(step * (length - width) / (count - 1)) for step in range(count)]
    return [slice(start, start + width) for start in starts]
