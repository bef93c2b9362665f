"""A limit on the time that one walk may take."""

from collections.abc import Callable

from memsvc.errors import GraphTooSlowError


class TimeBudget:
    """Calling it raises ``GraphTooSlowError`` once ``seconds`` have passed on ``clock``.

    The clock is given (``time.monotonic`` in the service): nothing here looks at one by itself.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        """Begin now."""
        self._seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def extend(self, seconds: float) -> None:
        """Leave out time that was spent on something else."""
        self._end += seconds

    def __call__(self) -> None:
        """Raise if the time is over."""
        if self.left_s <= 0:
            raise self.error()

    @property
    def left_s(self) -> float:
        """Seconds that are left, 0 if none."""
        return max(0.0, self._end - self._clock())

    def error(self) -> GraphTooSlowError:
        """Return what says that the time is over."""
        return GraphTooSlowError(budget_ms=round(self._seconds * 1000, 3))
