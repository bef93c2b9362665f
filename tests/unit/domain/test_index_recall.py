import pytest

from memsvc.domain.index_recall import recall_at_k


@pytest.mark.parametrize(
    ("found", "recall"),
    [
        ([0.9, 0.8, 0.7, 0.6], 1.0),
        ([0.9, 0.7, 0.6, 0.5], 0.75),
        ([0.9, 0.8], 0.5),
        ([], 0.0),
    ],
)
def test_recall_is_the_share_of_the_best_that_was_found(found: list[float], recall: float) -> None:
    assert recall_at_k([0.9, 0.8, 0.7, 0.6], found) == recall


def test_whatever_ties_with_the_last_place_is_as_good_as_it() -> None:
    assert recall_at_k([0.9, 0.8], [0.9, 0.8 - 1e-8]) == 1.0
    assert recall_at_k([0.9, 0.8], [0.9, 0.8 - 1e-4]) == 0.5


def test_ties_do_not_stand_in_for_a_better_one() -> None:
    assert recall_at_k([0.9, 0.8, 0.8, 0.8], [0.8, 0.8, 0.8, 0.8]) == 0.75


def test_more_ties_than_places_are_no_more_than_everything() -> None:
    assert recall_at_k([0.9, 0.8], [0.9, 0.8, 0.8]) == 1.0
