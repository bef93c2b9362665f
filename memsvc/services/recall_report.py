"""What sampled answers of an index were worth: each to the metrics, a low mean to the log."""

from collections.abc import Callable

import structlog

from memsvc.domain.identifiers import BankId
from memsvc.settings import IndexSettings
from memsvc.telemetry import INDEX_RECALL_AT_K

_log = structlog.get_logger(__name__)


class RecallReport:
    """Takes the mean over a stretch of time, and warns once for each where it is too low."""

    def __init__(self, backend: str, settings: IndexSettings, clock: Callable[[], float]) -> None:
        """Count time on ``clock``, in seconds."""
        self._backend = backend
        self._least = settings.check_least_recall
        self._every_s = settings.check_report_s
        self._clock = clock
        self._metric = INDEX_RECALL_AT_K.labels(index=backend)
        self._since = 0.0
        self._checks: list[tuple[float, BankId]] = []
        self._total = 0.0
        self.checks = 0
        """Comparisons since the process started."""

    @property
    def mean(self) -> float | None:
        """Mean recall of all comparisons, ``None`` before the first."""
        return self._total / self.checks if self.checks else None

    def add(self, recall: float, bank_id: BankId) -> None:
        """Note one comparison; the first begins a stretch."""
        self._metric.observe(recall)
        self.checks += 1
        self._total += recall
        if not self._checks:
            self._since = self._clock()
        self._checks.append((recall, bank_id))

    def conclude(self, *, early: bool = False) -> None:
        """End the stretch if its time is over, or ``early``, and warn if its mean is too low."""
        if not self._checks or not (early or self._clock() - self._since >= self._every_s):
            return
        checks, self._checks = self._checks, []
        mean = sum(recall for recall, _ in checks) / len(checks)
        if mean < self._least:
            worst, bank_id = min(checks)
            _log.warning(
                "index.recall_low",
                index=self._backend,
                recall=round(mean, 4),
                least=self._least,
                checks=len(checks),
                worst_recall=worst,
                worst_bank_id=str(bank_id),
            )
