"""What holds for every test with real parts."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def patient_graph_arm() -> Iterator[None]:
    """Let the graph arm take its time: on a busy machine it would stay out of an answer at random.

    Tests of its time budget say so in their settings.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMSVC_RECALL__GRAPH__BUDGET_MS", "20000")
        yield
