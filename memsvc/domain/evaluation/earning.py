"""Whether a part of recall earns its time: what its answers are worth, with how much doubt."""

from enum import StrEnum

from memsvc.domain.evaluation.bootstrap import Interval


class Verdict(StrEnum):
    """What the questions say of a part."""

    EARNS = "earns"
    """Without it answers are clearly poorer."""
    IDLE = "idle"
    """Without it no more than the tolerance is lost."""
    UNDECIDED = "undecided"
    """More questions are needed."""


def verdict_of(loss: Interval, *, tolerance: float, least: int) -> Verdict:
    """Return the verdict by what is lost without a part, positive where it helped.

    ``tolerance`` is a share, in [0, 1]; fewer than ``least`` questions decide nothing. That a part
    is idle has to be shown: that it is not clearly useful does not suffice, since with few
    questions nothing is clear.
    """
    if loss.n < least:
        return Verdict.UNDECIDED
    if loss.low > 0:
        return Verdict.EARNS
    return Verdict.IDLE if loss.high <= tolerance else Verdict.UNDECIDED
