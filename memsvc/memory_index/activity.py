"""What the replicas have done so far, for reports and metrics."""

from memsvc.telemetry import (
    INDEX_LAG_CHANGES,
    INDEX_LAG_SECONDS,
    INDEX_LOAD_SECONDS,
    INDEX_RESIDENT_BANKS,
    INDEX_RESIDENT_MEMORIES,
    INDEX_RESUME_SECONDS,
)


class Activity:
    """Counts and times of all replicas of a process."""

    def __init__(self, backend: str) -> None:
        """Label the metrics with the name of the vector index."""
        self.loads = 0
        self.resumptions = 0
        self.catch_ups = 0
        self._resume_seconds = INDEX_RESUME_SECONDS.labels(index=backend)
        self._load_seconds = INDEX_LOAD_SECONDS.labels(index=backend)
        self._lag_changes = INDEX_LAG_CHANGES.labels(index=backend)
        self._lag_seconds = INDEX_LAG_SECONDS.labels(index=backend)
        self._banks = INDEX_RESIDENT_BANKS.labels(index=backend)
        self._memories = INDEX_RESIDENT_MEMORIES.labels(index=backend)

    def loaded(self, seconds: float) -> None:
        """Note that a bank was loaded afresh."""
        self.loads += 1
        self._load_seconds.observe(seconds)

    def resumed(self, seconds: float) -> None:
        """Note that a bank was resumed from its snapshot."""
        self.resumptions += 1
        self._resume_seconds.observe(seconds)

    def caught_up(self, changes: int, lag_s: float) -> None:
        """Note that a bank was brought up to date by as many changes, and the oldest one's age."""
        self.catch_ups += 1
        self._lag_changes.set(changes)
        self._lag_seconds.set(lag_s)

    def holding(self, banks: int, memories: int) -> None:
        """Note how much is held."""
        self._banks.set(banks)
        self._memories.set(memories)
