"""What processes that serve have in common."""

import gc

from memsvc.cli.processes import collected_rarely


def test_the_collector_is_patient_while_serving_and_as_it_was_afterwards() -> None:
    before = gc.get_threshold()
    with collected_rarely():
        assert all(now > then for now, then in zip(gc.get_threshold(), before, strict=True))
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_cycles_are_still_collected_while_serving() -> None:
    class Cyclic:
        def __init__(self) -> None:
            self.own = self

    with collected_rarely():
        collections = gc.get_stats()[0]["collections"]
        for _ in range(gc.get_threshold()[0] + 1_000):
            Cyclic()
        assert gc.get_stats()[0]["collections"] > collections
