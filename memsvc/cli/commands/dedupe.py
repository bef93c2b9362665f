"""`memsvc dedupe`: how good the decision is that two memories say the same."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from memsvc.cli.options import AsJson, PairsOption

if TYPE_CHECKING:
    from pydantic import JsonValue

    from memsvc.domain.thoughts.evaluation import Figures, JudgedPair, LabelledPair
    from memsvc.services.thoughts_evaluation import MeasuredDecision

app = typer.Typer(help="How duplicates are recognised.", no_args_is_help=True)

_PAIRS = "duplicates"
"""The pairs that come with this."""
_MOST_SHOWN = 20


@app.callback()
def _group() -> None:
    """Have `eval` named although it is the only command."""


@app.command("eval")
def evaluate(
    *,
    pairs: PairsOption = None,
    as_json: AsJson = False,
) -> None:
    """Decide about labelled pairs with the configured encoder; print precision and recall.

    The bounds of the decision were fitted on the pairs with even ids; "held out" are the others.
    """
    import asyncio

    from memsvc.cli.configuration import load_settings
    from memsvc.cli.output import print_json
    from memsvc.telemetry import configure_logging

    labelled = _read(pairs)
    settings = load_settings()
    configure_logging("warning", settings.log_format)

    async def measure() -> "MeasuredDecision":
        from memsvc.bootstrap import data_dir_of, opened_embedder
        from memsvc.services.thoughts_evaluation import measure_decision

        async with opened_embedder(settings.embedding, data_dir_of(settings)) as embedder:
            return await measure_decision(embedder, labelled)

    measured = asyncio.run(measure())
    if as_json:
        print_json(_as_json(measured))
    else:
        _show(measured)


def _read(path: Path | None) -> "list[LabelledPair]":
    from memsvc.cli.labelled_pairs import read_pairs, shipped_pairs
    from memsvc.domain.thoughts.evaluation import LabelledPair

    return read_pairs(
        path or shipped_pairs(_PAIRS),
        "duplicate",
        lambda read: LabelledPair(
            number=int(read["id"]),
            language=str(read["language"]),
            group=str(read["class"]),
            is_duplicate=bool(read["duplicate"]),
            one=str(read["one"]),
            other=str(read["other"]),
        ),
    )


def _as_json(measured: "MeasuredDecision") -> "dict[str, JsonValue]":
    from dataclasses import asdict

    found = measured.evaluation
    return {
        "all": _figures(found.all),
        "held_out": _figures(found.held_out),
        "exact_found": found.exact_found,
        "languages": [_figures(each) for each in found.by_language],
        "classes": [_figures(each) for each in found.by_group],
        "mistakes": [_pair(each) for each in found.mistakes],
        "missed": [_pair(each) for each in found.missed],
        "bounds": asdict(measured.bounds),
        "suggested_bounds": asdict(measured.suggested),
        "hashed": measured.hashed,
    }


def _figures(figures: "Figures") -> "dict[str, JsonValue]":
    return {
        "name": figures.name,
        "pairs": figures.pairs,
        "duplicates": figures.duplicates,
        "found": figures.found,
        "right": figures.right,
        "uncertain": figures.uncertain,
        "precision": figures.precision,
        "recall": figures.recall,
    }


def _pair(judged: "JudgedPair") -> "dict[str, JsonValue]":
    from pydantic import JsonValue, TypeAdapter

    evidence: JsonValue = TypeAdapter(JsonValue).validate_python(
        judged.judgement.evidence.to_json()
    )
    return {
        "id": judged.pair.number,
        "class": judged.pair.group,
        "one": judged.pair.one,
        "other": judged.pair.other,
        "verdict": judged.judgement.verdict.value,
        "score": round(judged.judgement.score, 4),
        "evidence": evidence,
    }


def _show(measured: "MeasuredDecision") -> None:
    from memsvc.cli.labelled_pairs import share
    from memsvc.cli.output import print_table

    found = measured.evaluation
    columns = ("pairs", "all", "duplicates", "found", "right", "uncertain", "precision", "recall")
    rows = [found.all, found.held_out, *found.by_language, *found.by_group]
    print_table(columns, (_row(each) for each in rows))
    for title, some in (("Found wrongly", found.mistakes), ("Missed", found.missed)):
        for each in some[:_MOST_SHOWN]:
            typer.echo(f"{title} ({each.pair.group}): {each.pair.one} | {each.pair.other}")
        if len(some) > _MOST_SHOWN:
            typer.echo(f"{title}: {len(some) - _MOST_SHOWN} more; --json lists them all.")
    typer.echo(f"Exact duplicates found: {share(found.exact_found)}")
    typer.echo(f"Duplicates that four hash groups bring together: {share(measured.hashed)}")


def _row(figures: "Figures") -> tuple[str, ...]:
    from memsvc.cli.labelled_pairs import share

    counts = (figures.pairs, figures.duplicates, figures.found, figures.right, figures.uncertain)
    shares = (share(figures.precision), share(figures.recall))
    return (figures.name, *map(str, counts), *shares)
