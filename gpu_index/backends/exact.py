"""Exact search with NumPy alone: the reference every other backend is compared with."""

import numpy as np

from gpu_index.flat import Engine, FlatIndex
from gpu_index.options import IndexOptions
from gpu_index.protocol import Capabilities
from gpu_index.scan import scan_rows


def open_exact(dimension: int, options: IndexOptions) -> FlatIndex:
    """Return an empty index that always scans; large batches are spread over BLAS's threads."""
    capabilities = Capabilities(
        backend="exact",
        engine=f"numpy {np.__version__}",
        device="cpu",
        precision="float32",
        exact=True,
    )
    return FlatIndex(dimension, Engine(capabilities=capabilities, scan=scan_rows), options)
