"""How often processes are killed."""

import pytest


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> int:
    """How often a worker is killed: a few times, or ``--kill-rounds``."""
    return int(pytestconfig.getoption("kill_rounds"))
