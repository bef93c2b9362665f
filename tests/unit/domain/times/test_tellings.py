from datetime import UTC, datetime, timedelta

import pytest

from memsvc.domain.times.asked_order import Order
from memsvc.domain.times.tellings import (
    Placed,
    Telling,
    ToldBy,
    about,
    event_in,
    key_words,
)

DAY = datetime(2024, 1, 1, tzinfo=UTC)


def _placed(*told: tuple[str, float, int]) -> list[Placed]:
    """Return candidates; each is what was said ("Ada: Hello."), its score and its day."""
    return [
        Placed(
            score=score,
            occurred_at=DAY + timedelta(days=day),
            text=said.partition(": ")[2],
            speaker=said.partition(": ")[0],
        )
        for said, score, day in told
    ]


MOVES = _placed(
    ("Ada: It rains in Lisbon.", 1.0, 1),
    ("Ada: We moved to Porto.", 0.9, 5),
    ("Ada: Moving to Porto again!", 0.8, 9),
    ("Ada: Good morning.", 0.7, 0),
)
MOVED = key_words("Ada moved to Porto")


def test_words_are_compared_by_their_stems_and_grammar_does_not_count() -> None:
    assert key_words("When did they move?") == key_words("moving")
    assert key_words("Where did they swim?") == key_words("They swam")
    assert key_words("她什么时候搬家的?") >= {"搬家"}


def test_what_has_the_words_tells_whatever_ranks_higher() -> None:
    assert about(MOVED, MOVES).best() == Telling(place=1, told_by=ToldBy.WORDS)


@pytest.mark.parametrize(("order", "place"), [(Order.EARLIEST, 1), (Order.LATEST, 2)])
def test_the_end_is_one_of_what_has_the_words(order: Order, place: int) -> None:
    assert about(MOVED, MOVES).end(MOVES, order) == Telling(place=place, told_by=ToldBy.WORDS)


def test_where_nothing_has_the_words_the_best_scores_tell() -> None:
    words = key_words("skiing holidays")
    assert about(words, MOVES).best() == Telling(place=0, told_by=ToldBy.SCORE)
    assert about(words, MOVES[:2]).end(MOVES[:2], Order.LATEST) == Telling(
        place=1, told_by=ToldBy.SCORE
    )
    far = [*MOVES[:2], *_placed(("Bo: Hello.", 0.5, 20))]
    assert about(words, far).end(far, Order.LATEST) == Telling(place=1, told_by=ToldBy.SCORE)


def test_without_scores_and_words_nothing_tells() -> None:
    unranked = _placed(("Ada: It rains.", 0.0, 1))
    assert about(key_words("skiing"), unranked).best() is None
    assert about(frozenset(), unranked).end(unranked, Order.EARLIEST) is None
    assert about(MOVED, []).best() is None


def test_an_event_is_told_by_its_words_only() -> None:
    assert event_in(key_words("the move to Porto"), MOVES) == Telling(place=1, told_by=ToldBy.WORDS)
    assert event_in(key_words("the war"), MOVES) is None
    assert event_in(frozenset(), MOVES) is None


def test_who_says_something_counts_for_what_they_tell_but_is_no_part_of_an_event() -> None:
    said = _placed(("Ada: I met the mayor.", 1.0, 1), ("Bo: I met Ada at the lake.", 0.9, 2))
    assert about(key_words("Ada met the mayor"), said).best() == Telling(
        place=0, told_by=ToldBy.WORDS
    )
    assert event_in(key_words("meeting Ada"), said) == Telling(place=1, told_by=ToldBy.WORDS)
