"""Options and arguments that several commands share."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

PairsOption = Annotated[
    Path | None,
    typer.Option(
        "--pairs",
        metavar="FILE",
        help="Labelled pairs, a JSON object a line; those that come with memsvc unless given.",
    ),
]


def json_object(written: str) -> dict[str, Any]:
    """Read a JSON object from the command line."""
    try:
        value = json.loads(written)
    except ValueError as error:
        raise typer.BadParameter(f"not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter("not a JSON object")
    return value


def time(written: str) -> datetime:
    """Read an ISO 8601 time from the command line; one without a zone stays without."""
    try:
        return datetime.fromisoformat(written)
    except ValueError as error:
        raise typer.BadParameter(
            f"{written!r} is not a time; write it as 2026-01-31T18:30:00Z"
        ) from error


def zone_name(written: str) -> str:
    """Read the IANA name of a time zone from the command line."""
    try:
        ZoneInfo(written)
    except (KeyError, ValueError, OSError) as error:
        raise typer.BadParameter(f"{written!r} is not the IANA name of a time zone") from error
    return written


def mode_of(written: str | None) -> Literal["ranked", "auto"] | None:
    """Read whether to rank, or to show everything where it fits."""
    match written:
        case None | "ranked" | "auto":
            return written
        case _:
            raise typer.BadParameter(f"{written!r} is neither ranked nor auto", param_hint="--mode")


def time_use_of(written: str | None) -> Literal["ignore", "boost", "filter"] | None:
    """Read what to make of times that a question names."""
    match written:
        case None | "ignore" | "boost" | "filter":
            return written
        case _:
            raise typer.BadParameter(
                f"{written!r}: give ignore, boost or filter.", param_hint="--times"
            )


def walk_mode_of(
    written: str | None,
) -> Literal["hits", "entities", "facts", "episodes"] | None:
    """Read how the graph arm is to look for memories."""
    match written:
        case None | "hits" | "entities" | "facts" | "episodes":
            return written
        case _:
            raise typer.BadParameter(
                f"{written!r}: give hits, entities, facts or episodes.", param_hint="--walk"
            )


def grain_of(written: str | None) -> Literal["memory", "event", "episode", "auto"] | None:
    """Read what a hit is to stand for."""
    match written:
        case None | "memory" | "event" | "episode" | "auto":
            return written
        case _:
            raise typer.BadParameter(
                f"{written!r}: give memory, event, episode or auto.", param_hint="--grain"
            )


def fact_policy_of(written: str | None) -> Literal["supersede", "append_only", "fuse"] | None:
    """Read what becomes of a fact when another holds later in its place."""
    match written:
        case None | "supersede" | "append_only" | "fuse":
            return written
        case _:
            raise typer.BadParameter(
                f"{written!r}: give supersede, append_only or fuse.", param_hint="--fact-policy"
            )


def arms_off_of(written: str | None) -> list[str] | None:
    """Read which arms to switch off: names joined by commas, or ``none``."""
    if written is None:
        return None
    return [] if written == "none" else [name.strip() for name in written.split(",")]


Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="MEMSVC_URL",
        metavar="URL",
        help="Service to ask. Without it: the one on this machine or, where none runs, the"
        " database itself, opened for this command.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Bank = Annotated[str, typer.Argument(metavar="BANK", help="Name or id of the bank.")]
Answerable = Annotated[
    bool, typer.Option("--answerable", help="Also tell whether that answers the question.")
]
Rewrite = Annotated[
    bool, typer.Option("--rewrite", help="Have a language model add queries and clues.")
]
Iterate = Annotated[
    bool, typer.Option("--iterate", help="Have a language model search on in rounds.")
]
Rerank = Annotated[
    bool, typer.Option("--rerank", help="Have a cross-encoder read the best candidates.")
]
Sift = Annotated[
    bool,
    typer.Option("--sift", help="Have a language model leave out what bears on no part of it."),
]
Diversity = Annotated[
    float | None,
    typer.Option(
        "--diversity", min=0, max=1, help="Share of its score that a near-duplicate loses."
    ),
]
Grain = Annotated[
    str | None,
    typer.Option(
        "--grain",
        metavar="memory|event|episode|auto",
        help="What a hit stands for (default: memory); auto lets the question choose.",
    ),
]
Create = Annotated[bool, typer.Option("--create", help="Create the bank if there is none.")]
UserId = Annotated[str | None, typer.Option("--user", metavar="ID", help="User it belongs to.")]
AgentId = Annotated[str | None, typer.Option("--agent", metavar="ID", help="Agent it belongs to.")]
SessionId = Annotated[
    str | None, typer.Option("--session", metavar="ID", help="Session it belongs to.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", parser=time, metavar="TIME", help="What was true then, superseded or not."
    ),
]
KnownAt = Annotated[
    datetime | None,
    typer.Option(
        "--known-at",
        parser=time,
        metavar="TIME",
        help="What was known then, as it was: nothing recorded later.",
    ),
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        parser=zone_name,
        metavar="ZONE",
        help="Zone of times that name none, such as Europe/Berlin.",
    ),
]
Times = Annotated[
    str | None,
    typer.Option(
        "--times",
        metavar="ignore|boost|filter",
        help="Ignore when it happened by the question, prefer it (default), or take only that.",
    ),
]
Metadata = Annotated[
    dict[str, Any] | None,
    typer.Option("--metadata", parser=json_object, metavar="JSON", help="Data of your own."),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", help="JSON with a policy to use instead of its own."),
]
