"""Backends by name; the libraries they need are imported when one is opened."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TypeAlias

from gpu_index.cuda_presence import obstacle
from gpu_index.errors import BackendUnavailableError, UnknownBackendError
from gpu_index.options import IndexOptions
from gpu_index.protocol import VectorIndex

_Opener: TypeAlias = Callable[[int, IndexOptions], VectorIndex]


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether a backend can be opened on this machine."""

    usable: bool
    reason: str | None = None
    """What is missing and how to get it; ``None`` where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Backend:
    load: Callable[[], _Opener]
    """Imports the backend and returns what opens an index of it."""
    needs: str | None = None
    """The module that must be importable beside NumPy."""
    remedy: str = ""
    obstacle: Callable[[], str | None] = lambda: None
    """Looks for whatever else is missing."""


def open_index(backend: str, dimension: int, options: IndexOptions | None = None) -> VectorIndex:
    """Return an empty index of vectors with ``dimension`` components.

    Raises ``UnknownBackendError``, ``BackendUnavailableError`` with its cause when the backend's
    library cannot be imported, and ``InvalidInputError`` for a dimension below 1.
    """
    if (chosen := _BACKENDS.get(backend)) is None:
        known = ", ".join(_BACKENDS)
        raise UnknownBackendError(f"There is no backend {backend!r}; there are: {known}.")
    try:
        opener = chosen.load()
    except ImportError as error:
        raise BackendUnavailableError(f"{backend} cannot run: {error}. {chosen.remedy}") from error
    return opener(dimension, options or IndexOptions())


def available() -> dict[str, Availability]:
    """Return every backend with whether it can be opened, and if not, why.

    Libraries are looked up, not imported: it costs no start-up time, and one that is installed but
    broken shows only when its backend is opened.
    """
    return {name: _availability(backend) for name, backend in _BACKENDS.items()}


def _availability(backend: _Backend) -> Availability:
    reason = backend.obstacle()
    if backend.needs is not None and find_spec(backend.needs) is None:
        reason = f"The module {backend.needs} is not installed. {backend.remedy}"
    return Availability(usable=reason is None, reason=reason)


def _load_exact() -> _Opener:
    from gpu_index.backends.exact import open_exact  # noqa: PLC0415 - loaded when opened

    return open_exact


def _load_faiss_cpu() -> _Opener:
    from gpu_index.backends.faiss_cpu import open_faiss_cpu  # noqa: PLC0415 - FAISS may be missing

    return open_faiss_cpu


def _load_faiss_gpu() -> _Opener:
    if (reason := obstacle()) is not None:
        raise BackendUnavailableError(f"faiss_gpu cannot run: {reason}")
    try:
        from gpu_index.backends.faiss_gpu import open_faiss_gpu  # noqa: PLC0415 - needs CUDA
    except RuntimeError as error:
        # FAISS's builds for GPUs raise this when libraries of CUDA are missing.
        raise BackendUnavailableError(f"faiss_gpu cannot run: {error}") from error

    # The device's own options say when a partition is searched by an approximate structure.
    return lambda dimension, _options: open_faiss_gpu(dimension)


_BACKENDS = {
    "exact": _Backend(load=_load_exact),
    "faiss_cpu": _Backend(
        load=_load_faiss_cpu, needs="faiss", remedy="Install it with `pip install faiss-cpu`."
    ),
    "faiss_gpu": _Backend(load=_load_faiss_gpu, obstacle=obstacle),
}
