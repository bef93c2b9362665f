import asyncio
import time

from prometheus_client import REGISTRY

from memsvc.api.loop_lag import loop_lag_measured


def _counted(bound: str) -> float:
    name = "memsvc_event_loop_lag_seconds_bucket"
    return REGISTRY.get_sample_value(name, {"le": bound}) or 0.0


async def test_whatever_holds_the_event_loop_up_is_seen() -> None:
    late_before = _counted("+Inf") - _counted("0.02")
    async with loop_lag_measured(0.001):
        await asyncio.sleep(0)  # The measuring begins.
        time.sleep(0.05)  # noqa: ASYNC251 — this is what must not happen
        await asyncio.sleep(0.005)
    assert _counted("+Inf") - _counted("0.02") >= late_before + 1


async def test_it_can_be_left_out() -> None:
    before = _counted("+Inf")
    async with loop_lag_measured(0):
        await asyncio.sleep(0.002)
    assert _counted("+Inf") == before
