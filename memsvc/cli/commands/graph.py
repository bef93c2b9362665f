"""`memsvc graph`: what memories speak of, and how it hangs together."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memsvc_client import Entity, EntityDetail, EntityPath, GraphStatistics, Job, Subgraph
    from pydantic import JsonValue

app = typer.Typer(help="What memories speak of, and how it hangs together.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="However it is written.")]


@app.command()
def stats(bank: Bank, *, url: Url = None, as_json: AsJson = False) -> None:
    """Say how large a bank's graph is."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.bank(bank).graph_statistics())
    print_record(found, as_json=as_json, show=_show_statistics)


@app.command()
def entities(
    bank: Bank,
    containing: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="Part of the name.")
    ] = None,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List what memories speak of, most mentioned first."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_records

    found = ask(url, lambda client: collect(client.bank(bank).entities(containing), limit=limit))
    print_records(found, as_json=as_json, show=_show_entities)


@app.command()
def show(
    bank: Bank,
    name: Name,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many of each.")] = 10,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show an entity: the memories that speak of it, and what they speak of beside it."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.bank(bank).entity(name, limit=limit))
    print_record(found, as_json=as_json, show=_show_detail)


@app.command()
def path(
    bank: Bank,
    start: Name,
    end: Name,
    *,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Find a shortest way between two entities, over the memories that name both."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.bank(bank).path(start, end))
    print_record(found, as_json=as_json, show=_show_path)


@app.command()
def around(  # noqa: PLR0913 — a command's options
    bank: Bank,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to look for.")],
    *,
    memories: Annotated[
        int, typer.Option("--memories", min=1, max=50, help="How many at most.")
    ] = 10,
    entities: Annotated[
        int, typer.Option("--entities", min=1, max=500, help="How many at most.")
    ] = 50,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Also draw it (.svg, .png) or write it (.graphml, .gexf, .json).",
        ),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what lies around a question: the memories it brings first, and what they speak of."""
    from memsvc.cli.connection import ask
    from memsvc.cli.graph_files import draw_or_write
    from memsvc.cli.output import note, print_record

    found = ask(
        url,
        lambda client: client.bank(bank).graph_around(
            question, memories=memories, entities=entities
        ),
    )
    print_record(found, as_json=as_json, show=_show_around)
    if out is not None:
        drawn = found.as_networkx()
        draw_or_write(drawn, out)
        note(f"{drawn.number_of_nodes()} nodes and {drawn.number_of_edges()} edges in {out}")


@app.command()
def rebuild(bank: Bank, *, url: Url = None, as_json: AsJson = False) -> None:
    """Read the entities of memories that have none: older ones, or after new rules."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    job = ask(url, lambda client: client.bank(bank).rebuild_graph(), works=True)
    print_record(job, as_json=as_json, show=_show_job)


@app.command()
def load(  # noqa: PLR0913 — a command's options
    bank: Bank,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A fact or a passage a line.", exists=True, dir_okay=False
        ),
    ],
    *,
    source: Annotated[
        str | None,
        typer.Option("--source", help="The feed of memories that are named by external id."),
    ] = None,
    origin: Annotated[
        str, typer.Option("--origin", help="Whose work it is; each has a set of its own.")
    ] = "given",
    replace: Annotated[
        bool, typer.Option("--replace", help="Have the sets of the file's memories be these only.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and check it.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Give facts and entities that were read from memories elsewhere.

    A line is a fact with subject, predicate, object and memory_id or external_id, or a passage with
    passage_id, triples and entities. Loading it again changes nothing.
    """
    from memsvc.cli.connection import ask
    from memsvc.cli.given_files import GivenAs, GivenOutcome, give_file, read_given
    from memsvc.cli.output import print_json
    from memsvc.cli.progress import progress_bar

    batches, contents = read_given(path, source)
    if dry_run:
        if as_json:
            print_json(contents.as_json())
        else:
            typer.echo(contents.as_text())
        return
    total = contents.facts + contents.entities
    with progress_bar("given") as advance:
        outcome = ask(
            url,
            lambda client: give_file(
                client.bank(bank),
                batches,
                GivenOutcome(contents=contents),
                lambda done: advance(done, total),
                GivenAs(origin=origin, replace=replace),
            ),
        )
    if as_json:
        print_json(outcome.as_json())
    else:
        typer.echo(outcome.as_text())


@app.command()
def export(
    bank: Bank,
    out: Annotated[
        Path, typer.Argument(metavar="FILE", help="A .graphml, .gexf or .json (node-link) file.")
    ],
    *,
    url: Url = None,
) -> None:
    """Write a bank's graph to a file, for networkx, Gephi and the like."""
    from memsvc.cli.connection import ask
    from memsvc.cli.graph_files import write_graph

    drawn = ask(url, lambda client: client.bank(bank).graph())
    write_graph(drawn, out)
    typer.echo(f"{drawn.number_of_nodes()} nodes and {drawn.number_of_edges()} edges in {out}")


@app.command()
def central(
    bank: Bank,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many of each.")] = 10,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the most central entities (PageRank) and communities (Louvain), by networkx."""
    from memsvc.cli.connection import ask
    from memsvc.cli.graph_files import central_entities, communities
    from memsvc.cli.output import print_json, print_table

    drawn = ask(url, lambda client: client.bank(bank).graph())
    ranked, groups = central_entities(drawn, limit), communities(drawn, limit)
    if as_json:
        listed: list[JsonValue] = [[*group] for group in groups]
        print_json({"central": dict(ranked), "communities": listed})
        return
    print_table(("entity", "score"), ((name, f"{score:.4f}") for name, score in ranked))
    print_table(("community",), ((", ".join(group[:8]),) for group in groups))


@app.command()
def draw(
    bank: Bank,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="An .svg or .png file.")],
    *,
    around: Annotated[
        str | None, typer.Option("--around", metavar="NAME", help="An entity to draw around.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=2, help="Nodes at most.")] = 60,
    url: Url = None,
) -> None:
    """Draw a bank's graph, or what lies around one entity."""
    from memsvc.cli.connection import ask
    from memsvc.cli.graph_files import draw_graph

    drawn = ask(url, lambda client: client.bank(bank).graph())
    nodes = draw_graph(drawn, out, around=around, limit=limit)
    typer.echo(f"{nodes} nodes in {out}")


def _show_statistics(found: "GraphStatistics") -> None:
    typer.echo(
        f"{found.memories} memories speak of {found.entities} entities,"
        f" in {found.mentions} mentions; {found.bytes} bytes in memory"
    )


def _show_entities(found: "Sequence[Entity]") -> None:
    from memsvc.cli.output import print_table

    print_table(
        ("entity", "shown", "type", "also", "memories"),
        (
            (each.name, each.shown, each.type, ", ".join(each.aliases) or None, str(each.memories))
            for each in found
        ),
    )


def _show_detail(found: "EntityDetail") -> None:
    from memsvc.cli.output import print_table

    told = [f"{found.entity.shown or found.entity.name}: {found.entity.memories} memories"]
    if found.entity.type is not None:
        told.append(found.entity.type)
    if found.entity.aliases:
        told.append(f"also {', '.join(found.entity.aliases)}")
    if found.homonyms:
        told.append(f"not to be confused with {', '.join(found.homonyms)}")
    typer.echo("; ".join(told))
    print_table(("memory", "text"), ((str(each.id), each.text) for each in found.memories))
    print_table(
        ("beside it", "shared"), ((each.name, str(each.memories)) for each in found.neighbours)
    )


def _show_path(found: "EntityPath") -> None:
    from memsvc.cli.output import print_table

    if not found.steps:
        typer.echo("There is no way between them.")
        return
    print_table(
        ("entity", "by memory"),
        (
            (each.name, None if each.memory_id is None else str(each.memory_id))
            for each in found.steps
        ),
    )


def _show_around(found: "Subgraph") -> None:
    from memsvc.cli.output import note, print_table

    print_table(
        ("memory", "score", "text", "speaks of"),
        (
            (str(each.memory_id), f"{each.score:.3f}", each.text, ", ".join(each.entities) or None)
            for each in found.memories
        ),
    )
    print_table(
        ("entity", "here", "memories", "asked for"),
        (
            (
                each.name,
                str(each.here),
                str(each.memories),
                "yes" if each.name in found.named else None,
            )
            for each in found.entities
        ),
    )
    absent = sorted(set(found.named) - {each.name for each in found.entities})
    if absent:
        typer.echo(f"The question also names {', '.join(absent)}.")
    if found.entities_left_out:
        note(f"{found.entities_left_out} more entities; --entities shows more.")


def _show_job(job: "Job") -> None:
    typer.echo(f"Entities are read by job {job.id}: {job.state}.")
