"""What model calls come to together."""

import pytest

from memsvc.domain.model_calls import CallEnding, CallOutcome, CallsMade, CallTotals

PAID = CallEnding(outcome=CallOutcome.OK, input_tokens=10, output_tokens=2, cost_usd=0.5)


def test_no_calls_are_zeros() -> None:
    assert CallsMade().total == CallTotals(calls=0, input_tokens=0, output_tokens=0, cost_usd=0.0)


def test_calls_add_up_by_purpose_and_in_all() -> None:
    made = CallsMade(by_purpose={"a": CallTotals.of([PAID, PAID]), "b": CallTotals.of([PAID])})
    assert made.by_purpose["a"].cost_usd == 1.0
    assert made.total == CallTotals(calls=3, input_tokens=30, output_tokens=6, cost_usd=1.5)


@pytest.mark.parametrize(
    ("outcome", "cost"),
    [
        (CallOutcome.REFUSED, 0.5),  # nothing was done for it
        (CallOutcome.UNAVAILABLE, None),
        (CallOutcome.RUNNING, None),
        (CallOutcome.INVALID, None),
    ],
)
def test_a_cost_that_is_not_known_is_not_guessed(outcome: CallOutcome, cost: float | None) -> None:
    together = CallTotals.of([PAID, CallEnding(outcome=outcome)])
    assert (together.calls, together.cost_usd) == (2, cost)
    assert CallsMade(by_purpose={"a": together}).total.cost_usd == cost
