import pytest

from memsvc.domain.diversity import Told, near_duplicate_factors

LONG = "We walked along the river until it was dark and then had dinner"


def _told(*texts: str, speaker: str = "Ada") -> list[Told]:
    return [Told.of(text, speaker) for text in texts]


def test_a_near_duplicate_falls_behind_what_says_more() -> None:
    told = _told(LONG, f"{LONG}!", f"{LONG} together", "A ferry crosses the river.")
    scores = [1.0, 0.95, 0.9, 0.6]

    factors = near_duplicate_factors(scores, told, weight=0.5)
    final = [score * factor for score, factor in zip(scores, factors, strict=True)]

    assert factors[0] == factors[3] == 1.0
    assert factors[1] == pytest.approx(0.5)
    assert sorted(range(4), key=lambda place: -final[place])[:2] == [0, 3]


def test_nothing_changes_with_a_weight_of_zero_or_without_near_duplicates() -> None:
    told = _told(LONG, LONG)
    assert near_duplicate_factors([1.0, 0.9], told, weight=0.0) == [1.0, 1.0]
    others = _told(LONG, "A ferry crosses the river.", "")
    assert near_duplicate_factors([1.0, 0.9, 0.1], others, weight=1.0) == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "other",
    [
        f"{LONG} at 7",
        LONG.replace("had", "had no"),
        "The river was dark",
    ],
)
def test_what_says_something_else_is_no_near_duplicate(other: str) -> None:
    mine, theirs = _told(LONG, other)
    assert mine.similarity(theirs) == theirs.similarity(mine) == 0.0


def test_other_speakers_do_not_repeat_each_other() -> None:
    assert Told.of(LONG, "Ada").similarity(Told.of(LONG, "Bo")) == 0.0


def test_of_equals_the_earlier_one_stays() -> None:
    assert near_duplicate_factors([0.5, 0.5], _told(LONG, LONG), weight=1.0) == [1.0, 0.0]
