import sys

import pytest

from gpu_index import BackendUnavailableError, UnknownBackendError, available, open_index
from gpu_index.registry import Availability


def test_every_backend_is_listed_and_opens_where_usable() -> None:
    states = available()
    assert list(states) == ["exact", "faiss_cpu", "faiss_gpu"]
    assert states["exact"] == Availability(usable=True)
    for name, state in states.items():
        if state.usable:
            assert open_index(name, 3).capabilities.backend == name


def test_unknown_backend_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(
        UnknownBackendError, match="'annoy'; there are: exact, faiss_cpu, faiss_gpu"
    ):
        open_index("annoy", 3)


def test_missing_library_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.delitem(sys.modules, "gpu_index.backends.faiss_cpu", raising=False)
    state = available()["faiss_cpu"]
    assert not state.usable
    assert state.reason is not None
    assert "pip install faiss-cpu" in state.reason
    with pytest.raises(BackendUnavailableError, match="pip install faiss-cpu") as caught:
        open_index("faiss_cpu", 3)
    assert isinstance(caught.value.__cause__, ImportError)
    assert available()["exact"].usable
