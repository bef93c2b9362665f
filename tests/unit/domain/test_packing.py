"""A budget is never exceeded and never wasted on nothing."""

from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.packing import fit_budget

costs = st.lists(st.integers(0, 500), max_size=30)


@given(costs, st.integers(0, 2000))
def test_what_is_kept_never_exceeds_the_budget(tokens: list[int], budget: int) -> None:
    kept = fit_budget(tokens, budget)
    assert sum(cost for cost, fits in zip(tokens, kept, strict=True) if fits) <= budget


@given(costs, st.integers(0, 2000))
def test_what_is_left_out_would_not_have_fitted_behind_the_better_ones(
    tokens: list[int], budget: int
) -> None:
    left = budget
    for cost, fits in zip(tokens, fit_budget(tokens, budget), strict=True):
        assert fits == (cost <= left)
        left -= cost if fits else 0


@given(costs)
def test_without_a_budget_everything_is_kept(tokens: list[int]) -> None:
    assert fit_budget(tokens, None) == [True] * len(tokens)
