"""`memsvc facts eval --attribution`: whom the rules attribute labelled texts to."""

from pathlib import Path

import typer
from pydantic import JsonValue

from memsvc.cli.labelled_pairs import read_pairs, share, shipped_pairs
from memsvc.cli.output import print_json, print_table
from memsvc.domain.attribution import (
    AttributionCase,
    AttributionEvaluation,
    AttributionFigures,
    evaluate_attribution,
)

_CASES = "attributions"
"""The cases that come with this."""


def tell_attribution(path: Path | None, *, as_json: bool) -> None:
    """Print how well labelled cases are attributed; raises ``CommandError`` for another file."""
    found = evaluate_attribution(_read(path))
    if as_json:
        print_json(_as_json(found))
        return
    columns = ("class", "cases", "covered", "coverage", "derived", "wrong", "wrong rate")
    print_table(columns, (_row(each) for each in (found.all, *found.by_group)))
    typer.echo("\nPlain statements about oneself, by language:")
    print_table(columns, (_row(each) for each in found.by_language))
    for case, derived in found.mistakes:
        typer.echo(f"Wrong ({case.group}): {derived.text} | {case.speaker}: {case.text!r}")


def _read(path: Path | None) -> list[AttributionCase]:
    return read_pairs(
        path or shipped_pairs(_CASES),
        "about",
        lambda read: AttributionCase(
            number=int(read["id"]),
            language=str(read["language"]),
            group=str(read["class"]),
            speaker=str(read["speaker"]),
            text=str(read["text"]),
            about=dict(read["about"]),
            denied=dict(read["denied"]),
        ),
        ("denied", "speaker", "text"),
    )


def _as_json(found: AttributionEvaluation) -> dict[str, JsonValue]:
    return {
        "all": _figures(found.all),
        "classes": [_figures(each) for each in found.by_group],
        "languages": [_figures(each) for each in found.by_language],
        "mistakes": [
            {"id": case.number, "class": case.group, "text": case.text, "derived": derived.text}
            for case, derived in found.mistakes
        ],
    }


def _figures(figures: AttributionFigures) -> dict[str, JsonValue]:
    return {
        "name": figures.name,
        "cases": figures.cases,
        "covered": figures.covered,
        "coverage": figures.coverage,
        "derived": figures.derived,
        "wrong": figures.wrong,
        "wrong_rate": figures.wrong_rate,
    }


def _row(figures: AttributionFigures) -> tuple[str, ...]:
    covered = (str(figures.cases), str(figures.covered), share(figures.coverage))
    wrong = (str(figures.derived), str(figures.wrong), share(figures.wrong_rate))
    return (figures.name, *covered, *wrong)
