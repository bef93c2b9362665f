"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

ARM_NAMES = ("dense", "lexical", "episode", "contiguity", "graph")
"""Those that take part unless settings say otherwise."""
_FURTHER_ARMS = ("links",)
"""Those that take part where settings give them a weight."""

Arms: TypeAlias = Literal["all"] | list[str]

ArmsOption = Annotated[
    str, typer.Option(help="Which arms take part: all, or names joined by commas.")
]
Times: TypeAlias = Literal["ignore", "boost", "filter"]

TimesOption = Annotated[
    str,
    typer.Option(metavar="ignore|boost|filter", help="What to make of times a question names."),
]
UrlOption = Annotated[
    str | None,
    typer.Option(help="A running service; without it one is started on data of its own."),
]
ApiKeyOption = Annotated[
    str | None,
    typer.Option(envvar="MEMSVC_API_KEY", help="Its key.", show_envvar=True),
]
SeedOption = Annotated[int, typer.Option(help="Equal seeds draw equal data and questions.")]
KeepOption = Annotated[bool, typer.Option("--keep", help="Leave the banks; needs --url.")]
SetsOption = Annotated[
    list[Path],
    typer.Option(
        "--set",
        exists=True,
        file_okay=False,
        help="Folder of a set, with queries.jsonl and sessions.jsonl[.gz] or corpus.jsonl[.gz];"
        " may be given several times.",
    ),
]
OutOption = Annotated[Path, typer.Option(help="Where to write the results, as JSON.")]


def parse_arms(written: str) -> Arms:
    """Return the arms as the client takes them; raises ``typer.BadParameter``."""
    if written == "all":
        return "all"
    names = [name.strip() for name in written.split(",")]
    known = (*ARM_NAMES, *_FURTHER_ARMS)
    unknown = [name for name in names if name not in known]
    if unknown or len(set(names)) < len(names):
        raise typer.BadParameter(
            f"{written!r}: give all, or some of {', '.join(known)}.", param_hint="--arms"
        )
    return names


def parse_ablated(written: str | None, arms: Arms) -> list[str]:
    """Return the arms that are left out in turn; raises ``typer.BadParameter``."""
    if written is None:
        return []
    taking_part = list(ARM_NAMES) if arms == "all" else list(arms)
    names = taking_part if written == "all" else [name.strip() for name in written.split(",")]
    if len(taking_part) == 1 or not set(names) <= set(taking_part):
        raise typer.BadParameter(
            f"{written!r}: give all, or some of the arms that take part; one must remain.",
            param_hint="--ablate",
        )
    return names


def without_arm(arms: Arms, left_out: str) -> list[str]:
    """Return the arms that remain."""
    taking_part = ARM_NAMES if arms == "all" else tuple(arms)
    return [name for name in taking_part if name != left_out]


def parse_times(written: str) -> Times:
    """Return what to make of times, as the client takes it; raises ``typer.BadParameter``."""
    match written:
        case "ignore" | "boost" | "filter":
            return written
        case _:
            raise typer.BadParameter(
                f"{written!r}: give ignore, boost or filter.", param_hint="--times"
            )


def refuse_useless_keep(url: str | None, *, keep: bool) -> None:
    """Raise ``typer.BadParameter``: the data of a service started here go when it ends."""
    if keep and url is None:
        raise typer.BadParameter("needs --url.", param_hint="--keep")
