"""How long the stages of a recall took."""

import time
from collections.abc import Mapping


class Stages:
    """A stopwatch that is read at the end of each stage; times of one name add up."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._took_ms: dict[str, float] = {}
        self._last_cpu = time.process_time()
        self._cpu_s: dict[str, float] = {}

    def mark(self, stage: str, *, of_which: Mapping[str, float] | None = None) -> None:
        """End a stage; parts in ``of_which`` (milliseconds) are booked under their own names."""
        now = time.perf_counter()
        parts = dict(of_which or {})
        parts[stage] = max(0.0, (now - self._last) * 1000 - sum(parts.values()))
        self._last = now
        for name, spent in parts.items():
            self._took_ms[name] = self._took_ms.get(name, 0.0) + spent
        cpu = time.process_time()
        self._cpu_s[stage] = self._cpu_s.get(stage, 0.0) + cpu - self._last_cpu
        self._last_cpu = cpu

    def took_ms(self) -> dict[str, float]:
        """Return milliseconds by stage, and in ``total`` since the beginning."""
        return self._took_ms | {"total": (time.perf_counter() - self._started) * 1000}

    def cpu_s(self) -> Mapping[str, float]:
        """Return the process's processor seconds by stage, parts of a stage under its name.

        Whatever else the process did meanwhile is in them.
        """
        return self._cpu_s
