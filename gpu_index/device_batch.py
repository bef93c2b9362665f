"""The queries of one search call: each is answered by its partition's device or in main memory."""

from concurrent.futures import Executor

import numpy as np

from gpu_index.device_partition import DevicePartition
from gpu_index.device_search import Calls, Question, candidates_for, judged, propose
from gpu_index.devices import Device
from gpu_index.protocol import NO_ID, Ids, Scores, Vectors
from gpu_index.ranking import nearest
from gpu_index.scan import scan_rows


class DeviceBatch:
    """Gathers questions whose partitions' locks are held, and answers them together."""

    def __init__(self, queries: Vectors, k: int, wanted: Ids | None, calls: Calls) -> None:
        """Look for the ``k`` nearest of unit vectors, among ``wanted`` ids alone if given."""
        self.ids: Ids = np.full((len(queries), k), NO_ID, dtype=np.int64)
        self.scores: Scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        self._queries = queries
        self._k = k
        self._wanted = wanted
        self._calls = calls
        self._questions: dict[Device, list[Question]] = {}

    def put(self, target: DevicePartition, members: Ids) -> None:
        """Add the queries ``members``, meant for one partition."""
        rows = target.rows
        if (
            rows is None
            or not len(target)
            or self._wanted is not None
            or candidates_for(self._k) > rows.store.device.most_candidates
        ):
            self._answer_here(target, members)
            return
        question = Question(partition=target, rows=rows, members=members)
        self._questions.setdefault(rows.store.device, []).append(question)

    def answer(self, workers: Executor | None) -> None:
        """Answer what is left, several devices side by side where there are ``workers``."""
        if workers is None or len(self._questions) == 1:
            for device in self._questions:
                self._ask(device)
        else:
            list(workers.map(self._ask, self._questions))

    def _ask(self, device: Device) -> None:
        questions = self._questions[device]
        candidates = propose(device, questions, self._queries, candidates_for(self._k), self._calls)
        for question, proposed in zip(questions, candidates, strict=True):
            members = question.members
            ids, scores, is_complete = judged(question, self._queries[members], proposed, self._k)
            self.ids[members, : ids.shape[1]] = ids
            self.scores[members, : ids.shape[1]] = scores
            if not is_complete.all():
                doubtful = members[~is_complete]
                self._calls.rescans += doubtful.size
                self._answer_here(question.partition, doubtful)

    def _answer_here(self, target: DevicePartition, members: Ids) -> None:
        slab = target.slab
        rows = None if self._wanted is None else slab.rows(self._wanted)
        found = nearest(
            self._queries[members], target.all_vectors(), slab.ids, self._k, scan_rows, rows
        )
        width = found.ids.shape[1]
        self.ids[members, :width], self.scores[members, :width] = found.ids, found.scores
        self.ids[members, width:], self.scores[members, width:] = NO_ID, -np.inf
