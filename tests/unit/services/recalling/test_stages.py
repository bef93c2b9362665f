import time

import pytest

from memsvc.services.recalling.stages import Stages


def _work(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_a_stage_has_the_processor_time_spent_while_it_lasted() -> None:
    stages = Stages()
    _work(0.02)
    stages.mark("search", of_which={"embed": 5.0})
    time.sleep(0.02)
    stages.mark("fetch")
    _work(0.01)
    stages.mark("search")

    assert stages.cpu_s()["search"] == pytest.approx(0.03, abs=0.01)
    assert stages.cpu_s()["fetch"] < 0.01
    # In time that passes, the part has a name of its own.
    assert stages.took_ms()["embed"] == 5.0
    assert stages.took_ms()["fetch"] >= 20
