"""What a service counts itself, read before and after a measurement."""

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

STAGE_CPU = "memsvc_recall_stage_cpu_seconds_total"
LOOP_LAG = "memsvc_event_loop_lag_seconds_bucket"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMetrics:
    """Counters of one instant; two of them make a measurement."""

    stage_cpu_s: Mapping[str, float]
    """By stage of recall."""
    loop_lag: Mapping[float, float]
    """How often the event loop was at most so late: bound in seconds, count."""

    @classmethod
    def read(cls, url: str, api_key: str | None = None) -> Self:
        """Ask a service for its metrics."""
        headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        request = urllib.request.Request(f"{url}/metrics", headers=headers)  # noqa: S310 — the user's
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return cls.parse(answer.read().decode())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read Prometheus's text format."""
        stages: dict[str, float] = {}
        lag: dict[float, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == STAGE_CPU:
                    stages[sample.labels["stage"]] = sample.value
                elif sample.name == LOOP_LAG:
                    lag[float(sample.labels["le"])] = sample.value
        return cls(stage_cpu_s=stages, loop_lag=lag)

    def stage_cpu_since(self, before: "ServiceMetrics") -> dict[str, float]:
        """Return processor seconds by stage since ``before``."""
        spent = {
            stage: seconds - before.stage_cpu_s.get(stage, 0.0)
            for stage, seconds in self.stage_cpu_s.items()
        }
        return {stage: seconds for stage, seconds in spent.items() if seconds > 0}

    def lag_since(self, before: "ServiceMetrics", share: float) -> float | None:
        """Return the lag in seconds that so large a share (0 to 1) of the wakings since kept.

        Between two bounds it is interpolated; ``inf`` past the last, ``None`` without any.
        """
        counts = [
            (bound, count - before.loop_lag.get(bound, 0.0))
            for bound, count in sorted(self.loop_lag.items())
        ]
        total = counts[-1][1] if counts else 0.0
        if total <= 0:
            return None
        wanted = share * total
        for (low, below), (high, up_to) in pairwise([(0.0, 0.0), *counts]):
            if up_to >= wanted:
                within = (wanted - below) / (up_to - below) if up_to > below else 0.0
                return high if high == float("inf") else low + within * (high - low)
        return None
