"""`memsvc memory`: memories of a bank, listed and one by one."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import (
        Annotations,
        AsyncBank,
        AsyncClient,
        Memory,
        MemoryDetail,
        MemoryVersion,
    )

app = typer.Typer(help="Memories: look at them, take them out of recall.", no_args_is_help=True)

MemoryId = Annotated[str, typer.Argument(metavar="MEMORY", help="Id of the memory.")]


@app.command("list")
def list_memories(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Such as turn, thought, fact or summary.")
    ] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Such as active, superseded or archived.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="Only of this source.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="Only this session's.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List memories, oldest first."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_records

    def listed(client: "AsyncClient") -> "Awaitable[list[Memory]]":
        found = client.bank(bank).memories(
            kind=kind, state=state, source=source, session_id=session
        )
        return collect(found, limit=limit)

    print_records(ask(url, listed), as_json=as_json, show=_show_list)


@app.command()
def show(bank: Bank, memory: MemoryId, url: Url = None, as_json: AsJson = False) -> None:
    """Show a memory at its current version, with what is said of it and its links."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    detail = ask(url, lambda client: client.bank(bank).get(memory))
    print_record(detail, as_json=as_json, show=_show_detail)


@app.command()
def annotations(bank: Bank, memory: MemoryId, url: Url = None, as_json: AsJson = False) -> None:
    """List the versions of a memory's keywords, tags and context, oldest first."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_records

    found = ask(url, lambda client: collect(client.bank(bank).annotations(memory)))
    print_records(found, as_json=as_json, show=_show_annotations)


@app.command()
def archive(bank: Bank, memory: MemoryId, url: Url = None, as_json: AsJson = False) -> None:
    """Take a memory out of recall, reversibly."""
    _print(url, bank, lambda of: of.archive(memory), as_json=as_json)


@app.command()
def restore(bank: Bank, memory: MemoryId, url: Url = None, as_json: AsJson = False) -> None:
    """Make an archived memory active again."""
    _print(url, bank, lambda of: of.restore(memory), as_json=as_json)


@app.command()
def history(bank: Bank, memory: MemoryId, url: Url = None, as_json: AsJson = False) -> None:
    """List the versions of a memory, oldest first."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_records

    versions = ask(url, lambda client: collect(client.bank(bank).versions(memory)))
    versions.sort(key=lambda version: version.version)
    print_records(versions, as_json=as_json, show=_show_versions)


def _show_list(found: "Sequence[Memory]") -> None:
    from memsvc.cli.output import moment, print_table

    print_table(
        ("id", "kind", "state", "occurred", "text"),
        (
            (str(each.id), each.kind, each.state, moment(each.occurred_at), each.text)
            for each in found
        ),
    )


def _print(
    url: str | None,
    bank: str,
    action: "Callable[[AsyncBank], Awaitable[Memory]]",
    *,
    as_json: bool,
) -> None:
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    memory = ask(url, lambda client: action(client.bank(bank)))
    print_record(memory, as_json=as_json, show=_show_memory)


def _show_memory(memory: "Memory") -> None:
    from memsvc.cli.output import compact_json, moment, print_fields

    print_fields(
        (
            ("id", str(memory.id)),
            ("text", memory.text),
            ("kind", memory.kind),
            ("state", memory.state),
            ("speaker", memory.speaker),
            ("source", memory.source),
            ("external id", memory.external_id),
            ("session", memory.session_id),
            ("user", memory.user_id),
            ("agent", memory.agent_id),
            ("occurred", moment(memory.occurred_at)),
            ("recorded", moment(memory.recorded_at)),
            ("updated", moment(memory.updated_at)),
            ("expires", moment(memory.expires_at)),
            ("version", str(memory.version)),
            ("embedded", "yes" if memory.embedded else "not yet"),
            ("pinned", "yes" if memory.pinned else "no"),
            ("metadata", compact_json(dict(memory.metadata))),
        )
    )


def _show_detail(detail: "MemoryDetail") -> None:
    from memsvc.cli.output import print_fields, print_table

    _show_memory(detail)
    said = detail.annotations
    if said is not None:
        print_fields(
            (
                ("keywords", ", ".join(said.keywords)),
                ("tags", ", ".join(said.tags)),
                ("context", said.context),
                ("said by", f"{said.made_by}, number {said.number}"),
            )
        )
    if detail.links:
        print_table(
            ("linked to", "type", "way", "weight", "reason"),
            (
                (str(each.memory_id), each.type, each.direction, f"{each.weight:.2f}", each.reason)
                for each in detail.links
            ),
        )


def _show_annotations(found: Sequence["Annotations"]) -> None:
    from memsvc.cli.output import moment, print_table

    print_table(
        ("number", "recorded", "by", "because of", "keywords", "tags", "context"),
        (
            (
                str(each.number),
                moment(each.recorded_at),
                each.made_by,
                None if each.because_of is None else str(each.because_of),
                ", ".join(each.keywords),
                ", ".join(each.tags),
                each.context,
            )
            for each in found
        ),
    )


def _show_versions(versions: Sequence["MemoryVersion"]) -> None:
    from memsvc.cli.output import moment, print_table

    columns = ("version", "recorded", "operation", "by", "reason", "text")
    print_table(
        columns,
        (
            (
                str(version.version),
                moment(version.recorded_at),
                version.operation,
                version.actor,
                version.reason,
                version.text,
            )
            for version in versions
        ),
    )
