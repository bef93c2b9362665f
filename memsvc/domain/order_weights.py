"""What a memory's score is multiplied by where a question asks for the first or latest.

Bounded factors, as those for times: a ranking says what bears on the question, and the order only
decides among what bears on it about equally.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.asked_order import AskedOrder, Order
from memsvc.domain.languages import recognise_language
from memsvc.domain.lexical import question_tokens
from memsvc.domain.stop_words import function_words

LEAST = 0.7
"""Factor of what is farthest from the end that is asked for."""
RELEVANT = 0.6
"""Share of the best score from which a candidate takes part in the order."""
TOLD = 0.5
"""Share of an event's words that a memory must have to be taken for the telling of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A candidate with what its place in time is read from."""

    score: float
    occurred_at: datetime
    text: str


def order_factors(asked: AskedOrder, candidates: Sequence[Placed]) -> list[float]:
    """Return the factor of each candidate, best first given: from ``LEAST`` to 1.

    First and latest: those with at least ``RELEVANT`` of the best score are laid out by time, and
    lose evenly from 1 at the end asked for to ``LEAST`` at the other; the rest count ``LEAST``, so
    that none of them overtakes. Before and after: what happened on the other side of the event
    counts ``LEAST``; when that was, the candidate says that has most of its words. All 1 where
    there is nothing to tell apart.
    """
    if asked.order in (Order.EARLIEST, Order.LATEST):
        return _by_end(asked.order, candidates)
    return _by_event(asked, candidates)


def _by_end(order: Order, candidates: Sequence[Placed]) -> list[float]:
    best = max((each.score for each in candidates), default=0.0)
    takes_part = [each.score >= RELEVANT * best for each in candidates]
    instants = sorted(
        {
            each.occurred_at
            for each, is_relevant in zip(candidates, takes_part, strict=True)
            if is_relevant
        },
        reverse=order is Order.LATEST,
    )
    if len(instants) < 2:  # noqa: PLR2004 — one instant has no order
        return [1.0] * len(candidates)
    step = (1 - LEAST) / (len(instants) - 1)
    factors = {instant: 1 - step * place for place, instant in enumerate(instants)}
    return [
        factors[each.occurred_at] if is_relevant else LEAST
        for each, is_relevant in zip(candidates, takes_part, strict=True)
    ]


def _by_event(asked: AskedOrder, candidates: Sequence[Placed]) -> list[float]:
    happened = _when(asked.event or "", candidates)
    if happened is None:
        return [1.0] * len(candidates)
    wants_earlier = asked.order is Order.BEFORE
    return [
        LEAST
        if each.occurred_at != happened and (each.occurred_at < happened) != wants_earlier
        else 1.0
        for each in candidates
    ]


def _when(event: str, candidates: Sequence[Placed]) -> datetime | None:
    """Return when the event was told of, by the best candidate with most of its words."""
    words = _content(event)
    if not words:
        return None
    shares = [
        len(words.intersection(question_tokens(each.text))) / len(words) for each in candidates
    ]
    most = max(shares, default=0.0)
    return candidates[shares.index(most)].occurred_at if most >= TOLD else None


def _content(event: str) -> set[str]:
    tokens = question_tokens(event)
    # A few words do not tell their language for sure.
    return set(tokens) - function_words(tokens, {recognise_language(event), "en"})
