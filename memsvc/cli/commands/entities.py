"""`memsvc entities`: how good the decision is that two names are one entity's."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from memsvc.cli.options import AsJson, PairsOption

if TYPE_CHECKING:
    from pydantic import JsonValue

    from memsvc.domain.graph.entity_evaluation import NameEvaluation, NameFigures, NamePair

app = typer.Typer(help="How names of one entity are recognised.", no_args_is_help=True)

_PAIRS = "entities"
"""The pairs that come with this."""


@app.callback()
def _group() -> None:
    """Have `eval` named although it is the only command."""


@app.command("eval")
def evaluate_pairs(
    *,
    pairs: PairsOption = None,
    as_json: AsJson = False,
) -> None:
    """Decide about labelled pairs of names with the rules; print precision and recall.

    "found" are pairs of one entity that are merged, or that a person is asked about.
    """
    from memsvc.cli.output import print_json
    from memsvc.domain.graph.entity_evaluation import evaluate

    measured = evaluate(_read(pairs))
    if as_json:
        print_json(_as_json(measured))
    else:
        _show(measured)


def _read(path: Path | None) -> "list[NamePair]":
    from memsvc.cli.labelled_pairs import read_pairs, shipped_pairs
    from memsvc.domain.graph.entity_evaluation import NamePair

    return read_pairs(
        path or shipped_pairs(_PAIRS),
        "same",
        lambda read: NamePair(
            number=int(read["id"]),
            language=str(read["language"]),
            group=str(read["class"]),
            is_same=bool(read["same"]),
            one=str(read["one"]),
            other=str(read["other"]),
            one_type=read.get("one_type"),
            other_type=read.get("other_type"),
        ),
    )


def _as_json(measured: "NameEvaluation") -> "dict[str, JsonValue]":
    from memsvc.cli.labelled_pairs import pair_json

    return {
        "all": _figures(measured.all),
        "languages": [_figures(each) for each in measured.by_language],
        "classes": [_figures(each) for each in measured.by_group],
        "mistakes": [pair_json(each) for each in measured.mistakes],
        "missed": [pair_json(each) for each in measured.missed],
    }


def _figures(figures: "NameFigures") -> "dict[str, JsonValue]":
    return {
        "name": figures.name,
        "pairs": figures.pairs,
        "same": figures.same,
        "merged": figures.merged,
        "right": figures.right,
        "asked": figures.asked,
        "precision": figures.precision,
        "recall": figures.recall,
        "found": figures.found,
    }


def _show(measured: "NameEvaluation") -> None:
    from memsvc.cli.labelled_pairs import tell_pairs
    from memsvc.cli.output import print_table

    columns = ("pairs", "all", "same", "merged", "right", "asked", "precision", "recall", "found")
    rows = [measured.all, *measured.by_language, *measured.by_group]
    print_table(columns, (_row(each) for each in rows))
    tell_pairs("Merged wrongly", measured.mistakes)
    tell_pairs("Missed", measured.missed)


def _row(figures: "NameFigures") -> tuple[str, ...]:
    from memsvc.cli.labelled_pairs import share

    counts = (figures.pairs, figures.same, figures.merged, figures.right, figures.asked)
    shares = (share(figures.precision), share(figures.recall), share(figures.found))
    return (figures.name, *map(str, counts), *shares)
