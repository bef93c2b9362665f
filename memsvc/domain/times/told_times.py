"""What an answer tells of when: how the question was read, and what the memories say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from memsvc.domain.times.asked_order import AskedOrder
from memsvc.domain.times.asked_times import AskedTime
from memsvc.domain.times.elapsed import Elapsed
from memsvc.domain.times.tellings import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldTimes:
    """Nothing where a question says nothing of when, or where times were not to be read."""

    spans: Sequence[AskedTime] = ()
    """That the question names."""
    order: AskedOrder | None = None
    """Which end of a row of events it asks for."""
    at: Told | None = None
    """The memory at that end; of ``before`` and ``after`` the one that tells of the event."""
    elapsed: Elapsed | None = None
    """Only where the question asks how long ago something was."""
