"""What a memory's score is multiplied by where a question asks for the first or latest.

Bounded factors, as those for times: a ranking says what bears on the question, and the order only
decides among what bears on it about equally.
"""

from collections.abc import Collection, Sequence

from memsvc.domain.times.asked_order import Order
from memsvc.domain.times.moments import Moment
from memsvc.domain.times.tellings import Placed

LEAST = 0.7
"""Factor of what is farthest from the end that is asked for."""


def factors_by_end(
    order: Order, candidates: Sequence[Placed], takes_part: Collection[int]
) -> list[float]:
    """Return the factor of each candidate for the first or the latest: from ``LEAST`` to 1.

    Those that take part, by their places, are laid out by time, and lose evenly from 1 at the end
    asked for to ``LEAST`` at the other; the rest count ``LEAST``, so that none of them overtakes.
    All 1 where there is nothing to tell apart.
    """
    instants = sorted(
        {candidates[place].occurred_at for place in takes_part}, reverse=order is Order.LATEST
    )
    if len(instants) < 2:  # noqa: PLR2004 — one instant has no order
        return [1.0] * len(candidates)
    step = (1 - LEAST) / (len(instants) - 1)
    factors = {instant: 1 - step * place for place, instant in enumerate(instants)}
    return [
        factors[each.occurred_at] if place in takes_part else LEAST
        for place, each in enumerate(candidates)
    ]


def factors_by_event(order: Order, happened: Moment, candidates: Sequence[Placed]) -> list[float]:
    """Return the factors for before or after an event: what was on its other side counts less."""
    return [LEAST if _is_beyond(order, happened, each) else 1.0 for each in candidates]


def _is_beyond(order: Order, happened: Moment, candidate: Placed) -> bool:
    """Tell whether a candidate is on the side of the event that is not asked for."""
    if order is Order.BEFORE:
        return candidate.occurred_at > happened.end
    return candidate.occurred_at < happened.start
