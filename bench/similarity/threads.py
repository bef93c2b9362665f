"""How many threads a system may use."""

import contextlib


def use_threads(count: int) -> None:
    """Bound the threads of FAISS in this process; without FAISS there is nothing to bound.

    NumPy's are bounded by the environment that the process was started with.
    """
    with contextlib.suppress(ImportError):
        import faiss  # noqa: PLC0415 — may be missing

        faiss.omp_set_num_threads(count)
