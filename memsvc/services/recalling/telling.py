"""Which of the memories in an answer tell when what the question is about happened."""

from collections.abc import Sequence
from datetime import tzinfo

from memsvc.domain.memory import Memory
from memsvc.domain.times.asked_order import ENDS, AskedOrder
from memsvc.domain.times.elapsed import AskedElapsed, elapsed_since
from memsvc.domain.times.moments import Moment, moment_of
from memsvc.domain.times.tellings import Placed, Telling, Told, about, event_in, key_words
from memsvc.domain.times.told_times import ToldTimes
from memsvc.services.recalling.found import Question


def placed(memories: Sequence[Memory], scores: Sequence[float]) -> list[Placed]:
    """Return memories as candidates."""
    return [
        Placed(
            score=score,
            occurred_at=memory.occurred_at,
            text=memory.text,
            speaker=memory.speaker,
        )
        for memory, score in zip(memories, scores, strict=True)
    ]


def event_told(
    order: AskedOrder, memories: Sequence[Memory], candidates: Sequence[Placed], zone: tzinfo
) -> Told | None:
    """Return which of the memories tells of the event that the question names, and when it was."""
    telling = event_in(key_words(order.event or ""), candidates)
    return None if telling is None else _told(telling, memories, zone)


def told_times(
    question: Question, memories: Sequence[Memory], scores: Sequence[float], event: Told | None
) -> ToldTimes:
    """Return what the answer tells of when; ``memories`` are those that it shows, best first.

    ``event`` is who tells of the event that the question names, if it names one.
    """
    order, asked = question.order, question.elapsed
    if order is None and asked is None:
        return ToldTimes(spans=question.named)
    at = event
    if order is not None and order.order in ENDS:
        candidates = placed(memories, scores)
        telling = about(words_of(question), candidates).end(candidates, order.order)
        at = None if telling is None else _at_telling(telling, memories)
    elapsed = None
    if asked is not None:
        since = _since(question, asked, memories, scores)
        if since is not None:
            elapsed = elapsed_since(asked, since, question.now, question.query.zone)
    return ToldTimes(spans=question.named, order=order, at=at, elapsed=elapsed)


def told_among(question: Question, memories: Sequence[Memory]) -> ToldTimes:
    """Return what an answer tells of when that shows everything, without scores."""
    scores, order, event = [0.0] * len(memories), question.order, question.event
    if event is None and order is not None and order.order not in ENDS:
        event = event_told(order, memories, placed(memories, scores), question.query.zone)
    return told_times(question, memories, scores, event)


def _since(
    question: Question, asked: AskedElapsed, memories: Sequence[Memory], scores: Sequence[float]
) -> Told | None:
    """Return which memory tells of what was so long ago: of the past ones."""
    past = [
        (memory, score)
        for memory, score in zip(memories, scores, strict=True)
        if memory.occurred_at <= question.now
    ]
    shown = [memory for memory, _ in past]
    candidates = placed(shown, [score for _, score in past])
    those, order = about(words_of(question), candidates), question.order
    if order is None or order.order not in ENDS:
        telling = those.best()
    else:
        telling = those.end(candidates, order.order)
    if telling is None:
        return None
    if asked.is_of_telling:
        return _at_telling(telling, shown)
    return _told(telling, shown, question.query.zone)


def words_of(question: Question) -> frozenset[str]:
    """Return the words that say what the question is about: neither of times nor of order."""
    text = question.query.text if question.elapsed is None else question.elapsed.rest
    if question.order is not None:
        text = text.replace(question.order.written, " ")
    for span in question.named:
        text = text.replace(span.written, " ")
    return key_words(text)


def _told(telling: Telling, memories: Sequence[Memory], zone: tzinfo) -> Told:
    memory = memories[telling.place]
    moment = moment_of(memory.text, memory.occurred_at, zone)
    return Told(memory_id=memory.id, moment=moment, told_by=telling.told_by)


def _at_telling(telling: Telling, memories: Sequence[Memory]) -> Told:
    memory = memories[telling.place]
    moment = Moment(start=memory.occurred_at, end=memory.occurred_at)
    return Told(memory_id=memory.id, moment=moment, told_by=telling.told_by)
