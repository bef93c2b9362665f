"""The cheapest effort that finds enough, out of one search for each number of probes."""

import numpy as np

from gpu_index.calibration import NEAREST, Posed, calibrate, measured_recall
from gpu_index.protocol import Ids, Vectors
from gpu_index.structure import Effort

SIZE, QUERIES = 100_000, 40


class Ladder:
    """Has the nearest of every query at known places, and half of the lists know none of them."""

    lists = 64
    nbytes = SIZE * 50

    def __init__(self, place: int) -> None:
        self.place = place
        self.calls = list[Effort]()

    def candidates(self, queries: Vectors, effort: Effort) -> Ids:
        self.calls.append(effort)
        proposed = np.full((len(queries), effort.candidates), -1, dtype=np.int64)
        if effort.probes >= self.lists // 2:
            found = np.arange(NEAREST)[: max(0, effort.candidates - self.place)]
            proposed[:, self.place : self.place + found.size] = found
        return proposed


def posed() -> Posed:
    truth = np.tile(np.arange(NEAREST), (QUERIES, 1))
    return Posed(queries=np.zeros((QUERIES, 384), dtype=np.float32), truth=truth)


def test_the_cheapest_effort_that_finds_enough_is_chosen() -> None:
    structure = Ladder(place=80)
    (effort,) = calibrate(structure, SIZE, posed(), 0.99)
    assert effort == Effort(probes=32, candidates=96)
    assert measured_recall(structure, posed(), effort) == 1.0


def test_fewer_probes_are_not_tried_once_too_little_is_found() -> None:
    structure = Ladder(place=0)
    calibrate(structure, SIZE, posed(), 0.99)
    probes = [effort.probes for effort in structure.calls]
    assert probes == sorted(set(probes), reverse=True)
    assert probes[-1] < 32 <= probes[-2]


def test_no_effort_is_chosen_where_none_pays() -> None:
    assert calibrate(Ladder(place=2_000), SIZE, posed(), 0.99) == []
    assert calibrate(Ladder(place=0), 1_000, posed(), 0.99) == []
