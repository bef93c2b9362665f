"""How many vectors each partition holds."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Sizes: TypeAlias = Literal["equal", "zipf"]


def partition_sizes(sizes: Sizes, vectors: int, partitions: int) -> NDArray[np.int64]:
    """Return the sizes of ``partitions`` ≤ ``vectors`` partitions, largest first.

    ``zipf``: in proportion to 1 / rank (exponent 1), at least one each. The sum is ``vectors``.
    """
    if sizes == "equal":
        shares = np.full(partitions, 1.0 / partitions)
    else:
        shares = 1.0 / np.arange(1, partitions + 1)
        shares /= shares.sum()
    spread = shares * (vectors - partitions)
    counted = np.floor(spread).astype(np.int64)
    # Largest remainders; a stable order, so that equal shares are settled by rank.
    left = vectors - partitions - int(counted.sum())
    counted[np.argsort(counted - spread, kind="stable")[:left]] += 1
    return np.sort(counted + 1)[::-1]
