"""Tables of docs/benchmarks.md about answers: whether there is one, retention, grains."""

from collections.abc import Mapping
from typing import Any

from bench.markdown import Results, percent, result_of, table

_TRAINED = {
    "within_set": "the set's other folds",
    "across_sets": "both sets' other folds, one threshold",
    "by_bank": "the same, banks calibrated",
}


def abstention(results: Results) -> str:
    """How well questions without an answer are told from the others, held out."""
    rows = [
        [
            f"{name} ({found['answerable']} + {found['unanswerable']})",
            how,
            f"{found[kind]['area_under_roc']:.3f}",
            f"{found[kind]['calibration_error']:.3f}",
            f"{percent(found[kind]['answerable_refused'])} %",
            f"{percent(found[kind]['unanswerable_caught'])} %",
        ]
        for name, found in sorted(result_of(results, "abstention")["sets"].items())
        for kind, how in _TRAINED.items()
    ]
    heads = ["set (with + without an answer)", "weights and threshold of", "AUROC"]
    return table([*heads, "calibration error", "refused", "caught"], rows)


def retention(results: Results) -> str:
    """What recall gains by scores times what memories retain."""
    sets = sorted(result_of(results, "retention")["sets"].items())
    weights = sorted({row["weight"] for _, found in sets for row in found["weighed"]})
    rows = [
        [
            f"{name} ({found['questions']})",
            f"{days:g}",
            percent(found["recall"]),
            *(_change(row) for row in found["weighed"] if row["days"] == days),
        ]
        for name, found in sets
        for days in sorted({row["days"] for row in found["weighed"]})
    ]
    return table(["set", "days", "without", *(f"weight {each:g}" for each in weights)], rows)


def _change(row: Mapping[str, Any]) -> str:
    change, low, high = (f"{100 * row[name]:+.1f}" for name in ("difference", "low", "high"))
    return f"{change} ({low} … {high})"


def grains(results: Results) -> str:
    """What recalls and contexts hold at each grain."""
    measured = result_of(results, "grains")
    rows = []
    for name, found in measured["sets"].items():
        for grain, each in found["grains"].items():
            taken = ", ".join(f"{number} {what}" for what, number in each["chosen"].items())
            cells = [_beside_memory(each, budget) for budget in each["coverage"]]
            rows.append([f"{name}, {found['n']}", grain, percent(each["sessions"]), *cells, taken])
    budgets = [f"in {budget} tokens" for budget in measured["settings"]["budgets"]]
    return table(["set, n", "grain", "sessions of 5 hits", *budgets, "taken"], rows)


def _beside_memory(figures: Mapping[str, Any], budget: str) -> str:
    share = percent(figures["coverage"][budget])
    if budget not in figures["differences"]:
        return share
    each = figures["differences"][budget]
    return f"{share}, {_change({**each, 'difference': each['mean']})}"
