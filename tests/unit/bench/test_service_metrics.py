import pytest

from bench.service_metrics import ServiceMetrics


def metrics(counts: dict[str, float], stages: dict[str, float] | None = None) -> ServiceMetrics:
    lag = [f'memsvc_event_loop_lag_seconds_bucket{{le="{le}"}} {n}' for le, n in counts.items()]
    cpu = [
        f'memsvc_recall_stage_cpu_seconds_total{{stage="{stage}"}} {seconds}'
        for stage, seconds in (stages or {}).items()
    ]
    text = "\n".join(
        [
            "# TYPE memsvc_event_loop_lag_seconds histogram",
            *lag,
            "# TYPE memsvc_recall_stage_cpu_seconds counter",
            *cpu,
        ]
    )
    return ServiceMetrics.parse(text + "\n")


BEFORE = metrics({"0.01": 5, "0.02": 5, "+Inf": 5}, {"fetch": 1.0})
AFTER = metrics({"0.01": 15, "0.02": 23, "+Inf": 25}, {"fetch": 1.5, "graph": 0.25, "pack": 0})


def test_lag_is_that_of_the_time_between_two_readings() -> None:
    # Twenty wakings since: ten up to 10 ms, eight up to 20, two later.
    assert AFTER.lag_since(BEFORE, 0.25) == pytest.approx(0.005)
    assert AFTER.lag_since(BEFORE, 0.7) == pytest.approx(0.015)
    assert AFTER.lag_since(BEFORE, 0.99) == float("inf")


def test_a_service_that_measures_no_lag_has_none() -> None:
    assert metrics({}).lag_since(metrics({}), 0.99) is None
    assert BEFORE.lag_since(BEFORE, 0.99) is None


def test_stages_are_those_that_took_time_since() -> None:
    assert AFTER.stage_cpu_since(BEFORE) == {"fetch": 0.5, "graph": 0.25}
