"""What an interval of losses says of an arm."""

import pytest

from memsvc.domain.evaluation.bootstrap import Interval
from memsvc.domain.evaluation.earning import Verdict, verdict_of


@pytest.mark.parametrize(
    ("low", "high", "n", "verdict"),
    [
        (0.02, 0.08, 100, Verdict.EARNS),
        (0.001, 0.005, 100, Verdict.EARNS),
        (-0.01, 0.01, 100, Verdict.IDLE),
        (-0.05, -0.01, 100, Verdict.IDLE),
        (-0.01, 0.02, 100, Verdict.UNDECIDED),
        (0.0, 0.0, 29, Verdict.UNDECIDED),
        (0.5, 0.9, 29, Verdict.UNDECIDED),
    ],
)
def test_idle_has_to_be_shown(low: float, high: float, n: int, verdict: Verdict) -> None:
    loss = Interval(n=n, mean=(low + high) / 2, low=low, high=high)
    assert verdict_of(loss, tolerance=0.01, least=30) is verdict
