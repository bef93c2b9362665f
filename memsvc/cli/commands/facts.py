"""`memsvc facts`: what memories claim, and how good the decision is what takes whose place."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, PairsOption, Url, time

if TYPE_CHECKING:
    from uuid import UUID

    from memsvc_client import AsyncClient, Fact
    from pydantic import JsonValue

    from memsvc.domain.facts.evaluation import StatementPair, SupersedeEvaluation, SupersedeFigures

app = typer.Typer(help="Facts, and what takes their place.", no_args_is_help=True)

_PAIRS = "contradictions"
"""The pairs that come with this."""


@app.command("list")
def list_facts(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Only what is about this one.")
    ] = None,
    entity: Annotated[
        str | None, typer.Option("--entity", help="Only what is about this one or says it.")
    ] = None,
    predicate: Annotated[
        str | None, typer.Option("--predicate", help='Only of this kind, such as "lives in".')
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of", parser=time, metavar="TIME", help="What held then; UTC where it has no zone."
        ),
    ] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option(
            "--known-at",
            parser=time,
            metavar="TIME",
            help="By what was known then; UTC where it has no zone.",
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also what holds no longer or not yet, and denials.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List what memories claim and holds now, what holds since latest first."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_json

    if every and as_of is not None:
        raise typer.BadParameter("give it or --all, not both", param_hint="--as-of")
    as_of, known_at = _zoned(as_of), _zoned(known_at)
    found = ask(
        url,
        lambda client: collect(
            client.bank(bank).facts(
                subject=subject,
                entity=entity,
                predicate=predicate,
                as_of=as_of,
                known_at=known_at,
                all=every,
            ),
            limit=limit,
        ),
    )
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
    else:
        _show_facts(found)


@app.command("verify")
def verify(bank: Bank, *, url: Url = None, as_json: AsJson = False) -> None:
    """Look for the words that bear each fact and thought; list those that no words bear.

    Of thoughts those that are active, each read by itself.
    """
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_json

    async def run(client: "AsyncClient") -> "dict[str, list[tuple[UUID, str, bool]]]":
        of = client.bank(bank)
        facts = await collect(of.facts(all=True))
        thoughts = await collect(of.memories(kind="thought", state="active"))
        details = [await of.get(each.id) for each in thoughts]
        return {
            "facts": [(each.id, _in_words(each), bool(each.evidence)) for each in facts],
            "thoughts": [(each.id, each.text, bool(each.evidence)) for each in details],
        }

    verified = ask(url, run)
    if as_json:
        print_json({name: _support_json(found) for name, found in verified.items()})
    else:
        _show_support(verified)


def _in_words(fact: "Fact") -> str:
    predicate = f"no longer {fact.predicate}" if fact.denies else fact.predicate
    return f"{fact.subject} | {predicate} | {fact.object or '-'}"


def _support_json(found: "list[tuple[UUID, str, bool]]") -> "dict[str, JsonValue]":
    without: list[JsonValue] = [
        {"id": str(each), "text": text} for each, text, is_borne in found if not is_borne
    ]
    return {"supported": len(found) - len(without), "unsupported": without}


def _show_support(verified: "dict[str, list[tuple[UUID, str, bool]]]") -> None:
    from memsvc.cli.output import print_table

    rows = []
    for name, found in verified.items():
        supported = sum(is_borne for *_, is_borne in found)
        rows.append((name, str(len(found)), str(supported), str(len(found) - supported)))
    print_table(("what", "all", "supported", "unsupported"), rows)
    for name, found in verified.items():
        for each, text, is_borne in found:
            if not is_borne:
                typer.echo(f"Unsupported ({name}): {text} ({each})")


def _zoned(given: datetime | None) -> datetime | None:
    return given.replace(tzinfo=UTC) if given is not None and given.tzinfo is None else given


@app.command("eval")
def evaluate_pairs(
    *,
    attribution: Annotated[
        bool,
        typer.Option("--attribution", help="Whom facts and portraits attribute labelled texts to."),
    ] = False,
    pairs: PairsOption = None,
    as_json: AsJson = False,
) -> None:
    """Decide about labelled pairs with the rules; print precision and recall of each class.

    "held out" are the pairs with odd ids. With --attribution: how much of what is derived from
    labelled texts is said of somebody it must not be said of.
    """
    from memsvc.cli.output import print_json
    from memsvc.domain.facts.evaluation import evaluate

    if attribution:
        from memsvc.cli.attributions import tell_attribution

        tell_attribution(pairs, as_json=as_json)
        return
    measured = evaluate(_read(pairs))
    if as_json:
        print_json(_as_json(measured))
    else:
        _show(measured)


def _read(path: Path | None) -> "list[StatementPair]":
    from memsvc.cli.labelled_pairs import read_pairs, shipped_pairs
    from memsvc.domain.facts.evaluation import StatementPair

    return read_pairs(
        path or shipped_pairs(_PAIRS),
        "supersedes",
        lambda read: StatementPair(
            number=int(read["id"]),
            language=str(read["language"]),
            group=str(read["class"]),
            supersedes=bool(read["supersedes"]),
            one=str(read["one"]),
            other=str(read["other"]),
        ),
    )


def _as_json(measured: "SupersedeEvaluation") -> "dict[str, JsonValue]":
    from memsvc.cli.labelled_pairs import pair_json

    return {
        "all": _figures(measured.all),
        "held_out": _figures(measured.held_out),
        "classes": [_figures(each) for each in measured.by_group],
        "mistakes": [pair_json(each) for each in measured.mistakes],
        "missed": [pair_json(each) for each in measured.missed],
    }


def _figures(figures: "SupersedeFigures") -> "dict[str, JsonValue]":
    return {
        "name": figures.name,
        "pairs": figures.pairs,
        "contradictions": figures.contradictions,
        "found": figures.found,
        "right": figures.right,
        "precision": figures.precision,
        "recall": figures.recall,
    }


def _show_facts(found: "list[Fact]") -> None:
    from memsvc.cli.output import print_table

    print_table(
        ("subject", "predicate", "object", "from", "until", "memory"),
        (
            (
                each.subject,
                f"no longer {each.predicate}" if each.denies else each.predicate,
                each.object or "-",
                f"{each.valid_from:%Y-%m-%d %H:%M}",
                "-" if each.valid_to is None else f"{each.valid_to:%Y-%m-%d %H:%M}",
                str(each.memory_id),
            )
            for each in found
        ),
    )


def _show(measured: "SupersedeEvaluation") -> None:
    from memsvc.cli.labelled_pairs import tell_pairs
    from memsvc.cli.output import print_table

    columns = ("pairs", "all", "contradictions", "found", "right", "precision", "recall")
    rows = [measured.all, measured.held_out, *measured.by_group]
    print_table(columns, (_row(each) for each in rows))
    tell_pairs("Found wrongly", measured.mistakes)
    tell_pairs("Missed", measured.missed)


def _row(figures: "SupersedeFigures") -> tuple[str, ...]:
    from memsvc.cli.labelled_pairs import share

    counts = (figures.pairs, figures.contradictions, figures.found, figures.right)
    shares = (share(figures.precision), share(figures.recall))
    return (figures.name, *map(str, counts), *shares)
