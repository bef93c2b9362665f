from hypothesis import given
from hypothesis import strategies as st

from memsvc.embedding.batches import padded_batches

lengths_of_windows = st.lists(st.integers(0, 300), max_size=60)
budgets = st.integers(1, 1000)


@given(lengths_of_windows, budgets)
def test_every_window_is_in_exactly_one_batch(lengths: list[int], budget: int) -> None:
    batches = padded_batches(lengths, budget)

    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))


@given(lengths_of_windows, budgets)
def test_padded_size_stays_in_the_budget_unless_one_window_is_beyond_it(
    lengths: list[int], budget: int
) -> None:
    for batch in padded_batches(lengths, budget):
        padded = len(batch) * max(lengths[place] for place in batch)
        assert padded <= budget or len(batch) == 1


@given(lengths_of_windows, budgets)
def test_batches_go_from_long_to_short(lengths: list[int], budget: int) -> None:
    in_order = [lengths[place] for batch in padded_batches(lengths, budget) for place in batch]

    assert in_order == sorted(lengths, reverse=True)


def test_similar_lengths_share_a_batch() -> None:
    assert padded_batches([5, 100, 6, 99], 200) == [[1, 3], [2, 0]]
