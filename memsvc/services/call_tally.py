"""What the model calls that one request leads to come to, wherever below it they are made."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from memsvc.domain.model_calls import (
    CallEnding,
    CallOutcome,
    CallsMade,
    CallTotals,
    ModelCallId,
    NewModelCall,
)

_UNENDED = CallEnding(outcome=CallOutcome.RUNNING)


class CallTally:
    """Calls by id, with their purposes and what they have taken."""

    def __init__(self) -> None:
        self._purposes: dict[ModelCallId, str] = {}
        self._endings: dict[ModelCallId, CallEnding] = {}

    def begun(self, call_id: ModelCallId, new: NewModelCall) -> None:
        """Note a call that is about to be made."""
        self._purposes[call_id] = new.purpose

    def ended(self, call_id: ModelCallId, ending: CallEnding) -> None:
        """Note what a call has taken."""
        self._endings[call_id] = ending

    def made(self) -> CallsMade:
        """Return the calls so far; of one that has not ended, what it cost is not known."""
        endings: dict[str, list[CallEnding]] = {}
        for call_id, purpose in self._purposes.items():
            endings.setdefault(purpose, []).append(self._endings.get(call_id, _UNENDED))
        return CallsMade(
            by_purpose={purpose: CallTotals.of(each) for purpose, each in endings.items()}
        )


# Tasks that a request starts inherit it, and note their calls in the same tally.
_current: ContextVar[CallTally | None] = ContextVar("memsvc_call_tally", default=None)


@contextmanager
def tallied() -> Iterator[CallTally]:
    """Count the calls that are made while the block runs, in it and in tasks that it starts."""
    tally = CallTally()
    token = _current.set(tally)
    try:
        yield tally
    finally:
        _current.reset(token)


def current_tally() -> CallTally:
    """Return the tally of the request that is being answered; one that nobody reads if none is."""
    return _current.get() or CallTally()
