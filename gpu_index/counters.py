"""What an index server has done, for the metrics of the process that owns it."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from gpu_index.wire import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Sums since the server started; only ``connections`` goes down again."""

    connections: int
    """Open now."""
    accepted: int
    refused: int
    """Turned away because too many were open."""
    lost: int
    """Ended by the network, by silence or in the middle of a frame."""
    requests: Mapping[str, int]
    """By operation."""
    errors: Mapping[str, int]
    """By error code; ``authentication`` and ``protocol`` also ended their connection."""
    busy_s: float
    """Time spent on requests, from their arrival to the moment their answers leave."""
    received_bytes: int
    sent_bytes: int
    search_calls: int
    """Calls of the indexes for searches that could be joined."""
    joined_searches: int
    """The searches they answered; divided by ``search_calls`` it is the mean size of a batch."""


class Counter:
    """Counts from several threads."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._guard = Lock()
        self._accepted = 0
        self._refused = 0
        self._lost = 0
        self._requests = Tally[str]()
        self._errors = Tally[str]()
        self._busy_s = 0.0
        self._received = 0
        self._sent = 0

    def count_connection(self) -> None:
        """Count a connection that was accepted."""
        with self._guard:
            self._accepted += 1

    def count_refused(self) -> None:
        """Count a connection that was one too many."""
        with self._guard:
            self._refused += 1

    def count_lost(self) -> None:
        """Count a connection that ended without a goodbye."""
        with self._guard:
            self._lost += 1

    def count_error(self, code: str) -> None:
        """Count an error by its code."""
        with self._guard:
            self._errors[code] += 1

    def count_request(
        self, operation: Operation, seconds: float, transferred: tuple[int, int]
    ) -> None:
        """Count a request with the payload bytes it received and sent."""
        with self._guard:
            self._requests[operation.name.lower()] += 1
            self._busy_s += seconds
            self._received += transferred[0]
            self._sent += transferred[1]

    def read(self, connections: int, batches: Sequence[tuple[int, int]]) -> Counters:
        """Return the sums, with the connections open now and the calls of each batcher."""
        with self._guard:
            return Counters(
                connections=connections,
                accepted=self._accepted,
                refused=self._refused,
                lost=self._lost,
                requests=dict(self._requests),
                errors=dict(self._errors),
                busy_s=self._busy_s,
                received_bytes=self._received,
                sent_bytes=self._sent,
                search_calls=sum(calls for calls, _ in batches),
                joined_searches=sum(searches for _, searches in batches),
            )
