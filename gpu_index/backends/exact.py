"""Exact search with NumPy alone: the reference every other backend is compared with."""

import numpy as np

from gpu_index.flat import FlatIndex
from gpu_index.protocol import Capabilities
from gpu_index.scan import scan_rows


def open_exact(dimension: int) -> FlatIndex:
    """Return an empty index; large batches are spread over BLAS's threads."""
    capabilities = Capabilities(
        backend="exact",
        engine=f"numpy {np.__version__}",
        device="cpu",
        precision="float32",
        exact=True,
    )
    return FlatIndex(dimension, scan_rows, capabilities)
